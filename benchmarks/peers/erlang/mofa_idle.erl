%% The scenario of idle.ts: servers under a simple_one_for_one supervisor, started one after the other, which then do nothing.
-module(mofa_idle).
-behaviour(supervisor).
-export([start_child/2, init/1]).

init(Far) ->
    Child = #{id => adder, start => {mofa_adder, start_link, [Far]}},
    {ok, {#{strategy => simple_one_for_one}, [Child]}}.

%% What it says of bytes is all that the machine has allocated, after its own heap and the supervisor's were collected.
start_child(Processes, Far) ->
    {ok, Keeper} = supervisor:start_link(?MODULE, Far),
    Before = held(Keeper),
    Start = erlang:monotonic_time(nanosecond),
    start_each(Keeper, Processes),
    Elapsed = erlang:monotonic_time(nanosecond) - Start,
    Bytes = held(Keeper) - Before,
    Active = proplists:get_value(active, supervisor:count_children(Keeper)),
    Monitor = monitor(process, Keeper),
    unlink(Keeper),
    exit(Keeper, shutdown),
    receive {'DOWN', Monitor, process, Keeper, _} -> ok end,
    {Active, Elapsed, {bytes, Bytes}}.

start_each(_Keeper, 0) ->
    ok;
start_each(Keeper, Left) ->
    {ok, _} = supervisor:start_child(Keeper, []),
    start_each(Keeper, Left - 1).

held(Keeper) ->
    garbage_collect(Keeper),
    garbage_collect(),
    erlang:memory(total).
