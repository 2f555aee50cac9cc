%% The scenarios of restarts.ts: supervisors with one child each (mofa_mortal.erl), made anew for each repetition, since a
%% supervisor counts through all restarts of this second with each further one. Nothing is logged.
-module(mofa_restarts).
-behaviour(supervisor).
-export([restart_storm/2, crash_to_answer/2, init/1]).

-define(SUPERVISORS, 100).

init({Owner, Post}) ->
    Child = #{id => mortal, start => {mofa_mortal, start_link, [Owner, Post]}},
    {ok, {#{strategy => one_for_one, intensity => 1000000, period => 1}, [Child]}}.

now_ns() -> erlang:monotonic_time(nanosecond).

%% Gives the supervisors, and the first child of each by its number.
begin_all() ->
    ok = logger:set_primary_config(level, none),
    Posts = lists:seq(0, ?SUPERVISORS - 1),
    Keepers = [Pid || Post <- Posts, {ok, Pid} <- [supervisor:start_link(?MODULE, {self(), Post})]],
    {Keepers, maps:from_list([receive {up, Post, Pid} -> {Post, Pid} end || Post <- Posts])}.

end_all(Keepers) ->
    lists:foreach(
        fun(Pid) ->
            Monitor = monitor(process, Pid),
            unlink(Pid),
            exit(Pid, shutdown),
            receive {'DOWN', Monitor, process, Pid, _} -> ok end
        end,
        Keepers
    ).

%% Each child crashes as soon as it is up, so many times altogether.
restart_storm(Restarts, _Far) ->
    {Keepers, Children} = begin_all(),
    First = lists:sublist(maps:values(Children), Restarts),
    Start = now_ns(),
    lists:foreach(fun(Pid) -> Pid ! crash end, First),
    Count = storm(Restarts - length(First), Restarts, 0),
    Elapsed = now_ns() - Start,
    end_all(Keepers),
    {Count, Elapsed}.

%% Crashes that are left to be caused, and replacements that are still to come up.
storm(_Left, 0, Count) ->
    Count;
storm(Left, Awaited, Count) ->
    receive
        {up, _Post, Pid} when Left > 0 -> Pid ! crash, storm(Left - 1, Awaited - 1, Count + 1);
        {up, _Post, _Pid} -> storm(0, Awaited - 1, Count + 1)
    end.

%% One after the other, by turns of the supervisors; each timed from the crash to the replacement's answer.
crash_to_answer(Crashes, _Far) ->
    {Keepers, Children} = begin_all(),
    Start = now_ns(),
    {Sum, Latencies} = crash(0, Crashes, Children, 0, []),
    Elapsed = now_ns() - Start,
    end_all(Keepers),
    {Sum, Elapsed, Latencies}.

crash(Crashes, Crashes, _Children, Sum, Latencies) ->
    {Sum, Latencies};
crash(Number, Crashes, Children, Sum, Latencies) ->
    Post = Number rem ?SUPERVISORS,
    Start = now_ns(),
    maps:get(Post, Children) ! crash,
    Pid = receive {up, Post, Up} -> Up end,
    Pid ! {ask, Number, self()},
    receive
        {answer, Answer} ->
            crash(Number + 1, Crashes, Children#{Post := Pid}, Sum + Answer, [now_ns() - Start | Latencies])
    end.
