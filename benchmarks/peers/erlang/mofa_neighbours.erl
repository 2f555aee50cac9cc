%% The scenarios of neighbours.ts: answers beside processes that are at work. Each of those says when it has
%% begun; it is told to stop at the end, and says so.
-module(mofa_neighbours).
-export([fairness/2, call_beside_pairs/2, call_beside_flood/2]).

-define(SMALL, 100).
-define(PAIRS, 100).
-define(WINDOW, 10000).
-define(BUSY_NS, 1000000).

now_ns() -> erlang:monotonic_time(nanosecond).

start(Fun, Options) -> spawn_opt(Fun, [link | Options]).

%% Gives the process when it has done once what it does again and again. `stop/1` ends it.
begin_restless(Act, Options) ->
    Self = self(),
    Pid = start(fun() -> Act(), Self ! {begun, self()}, restless(Act) end, Options),
    receive {begun, Pid} -> Pid end.

restless(Act) ->
    receive
        {stop, From} -> From ! {stopped, self()}
    after 0 ->
        Act(),
        restless(Act)
    end.

%% All small processes are asked at once, and again when all have answered; each answer is timed from its own question.
fairness(Questions, Far) ->
    Hog = begin_restless(fun hog/0, Far),
    Small = [start(fun small/0, Far) || _ <- lists:seq(1, ?SMALL)],
    Start = now_ns(),
    {Sum, Latencies} = rounds(Small, 0, Questions, 0, []),
    Elapsed = now_ns() - Start,
    stop([Hog | Small]),
    {Sum, Elapsed, Latencies}.

%% Computes for a millisecond, and sends itself a message. It can be interrupted at any call.
hog() ->
    busy_until(now_ns() + ?BUSY_NS),
    self() ! again,
    receive again -> ok end.

busy_until(End) ->
    case now_ns() < End of
        true -> busy_until(End);
        false -> ok
    end.

small() ->
    receive
        {ask, From, Number} -> From ! {answer, Number}, small();
        {stop, From} -> From ! {stopped, self()}
    end.

rounds(_Small, Questions, Questions, Sum, Latencies) ->
    {Sum, Latencies};
rounds(Small, Asked, Questions, Sum, Latencies) ->
    Due = lists:sublist(Small, Questions - Asked),
    Numbered = lists:zip(Due, lists:seq(Asked, Asked + length(Due) - 1)),
    AskedAt = maps:from_list([begin Now = now_ns(), Pid ! {ask, self(), N}, {N, Now} end || {Pid, N} <- Numbered]),
    {RoundSum, RoundLatencies} = answers(length(Due), AskedAt, Sum, Latencies),
    rounds(Small, Asked + length(Due), Questions, RoundSum, RoundLatencies).

answers(0, _AskedAt, Sum, Latencies) ->
    {Sum, Latencies};
answers(Left, AskedAt, Sum, Latencies) ->
    receive
        {answer, Number} ->
            answers(Left - 1, AskedAt, Sum + Number, [now_ns() - maps:get(Number, AskedAt) | Latencies])
    end.

%% Each call of a gen_server timed, while pairs play ping-pong.
call_beside_pairs(Calls, Far) ->
    Pongs = [start(fun pong/0, Far) || _ <- lists:seq(1, ?PAIRS)],
    Pairs = [begin_restless(fun() -> ping(Pong) end, Far) || Pong <- Pongs],
    Outcome = calls(Calls, Pairs, Far),
    stop(Pongs),
    Outcome.

ping(Pong) ->
    Pong ! {ping, self()},
    receive pong -> ok end.

pong() ->
    receive
        {ping, From} -> From ! pong, pong();
        {stop, From} -> From ! {stopped, self()}
    end.

%% The same while a process on the far scheduler sends windows to a counter beside the caller.
call_beside_flood(Calls, Far) ->
    Near = [{scheduler, 1} || _ <- Far],
    Counter = start(fun() -> counter(0) end, Near),
    Outcome = calls(Calls, [begin_restless(fun() -> flood(Counter, ?WINDOW) end, Far)], Near),
    stop([Counter]),
    Outcome.

flood(Counter, 0) ->
    Counter ! {get, self()},
    receive {total, _} -> ok end;
flood(Counter, Left) ->
    Counter ! {add, 1},
    flood(Counter, Left - 1).

counter(Total) ->
    receive
        {add, By} -> counter(Total + By);
        {get, From} -> From ! {total, Total}, counter(Total);
        {stop, From} -> From ! {stopped, self()}
    end.

calls(Calls, Neighbours, Options) ->
    {ok, Adder} = mofa_adder:start_link(Options),
    Start = now_ns(),
    {Total, Latencies} = call_each(Adder, Calls, 0, []),
    Elapsed = now_ns() - Start,
    stop(Neighbours),
    ok = gen_server:stop(Adder),
    {Total, Elapsed, Latencies}.

call_each(_Adder, 0, Total, Latencies) ->
    {Total, Latencies};
call_each(Adder, Left, _Total, Latencies) ->
    Start = now_ns(),
    Total = gen_server:call(Adder, {add, 1}, infinity),
    call_each(Adder, Left - 1, Total, [now_ns() - Start | Latencies]).

stop(Pids) ->
    lists:foreach(fun(Pid) -> unlink(Pid), Pid ! {stop, self()} end, Pids),
    lists:foreach(fun(Pid) -> receive {stopped, Pid} -> ok end end, Pids).
