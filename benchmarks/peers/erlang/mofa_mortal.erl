%% A child that crashes when it is told to, of the supervisors of mofa_restarts.erl. It tells its owner that it is up.
-module(mofa_mortal).
-behaviour(gen_server).
-export([start_link/2, init/1, handle_call/3, handle_cast/2, handle_info/2]).

start_link(Owner, Post) -> gen_server:start_link(?MODULE, {Owner, Post}, []).

init({Owner, Post}) ->
    Owner ! {up, Post, self()},
    {ok, none}.

handle_call(_Request, _From, State) -> {reply, ok, State}.

handle_cast(_Message, State) -> {noreply, State}.

handle_info(crash, _State) -> error(told_to_crash);
handle_info({ask, Number, From}, State) -> From ! {answer, Number}, {noreply, State}.
