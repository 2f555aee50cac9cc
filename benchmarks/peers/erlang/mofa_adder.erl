%% The server that call/2 of mofa_scenarios.erl calls: a running total.
-module(mofa_adder).
-behaviour(gen_server).
-export([start_link/1, init/1, handle_call/3, handle_cast/2]).

start_link(SpawnOptions) -> gen_server:start_link(?MODULE, [], [{spawn_opt, SpawnOptions}]).

init([]) -> {ok, 0}.

handle_call({add, By}, _From, Total) -> {reply, Total + By, Total + By}.

handle_cast(_Message, Total) -> {noreply, Total}.
