%% The scenarios of scenario.ts. Each takes a size, and the spawn options of those processes that its own speaks to;
%% it gives {Result, ElapsedNs}, with latencies where they are asked for.
-module(mofa_scenarios).
-export([pingpong/2, threadring/2, count_flood/2, count_windows/2, spawn/2, call/2, round_trip/2, pairs/2, one_way/2, kill/2]).
-compile({no_auto_import, [spawn/2]}).

-define(RING, 100).
-define(PAIRS, 100).
-define(WINDOW, 1000).
-define(ONE_WAY_WINDOW, 10000).

start(Fun, Far) -> spawn_opt(Fun, [link | Far]).

now_ns() -> erlang:monotonic_time(nanosecond).

%% Two processes send one message to and fro.
pingpong(Trips, Far) ->
    Pong = start(fun pong/0, Far),
    Start = now_ns(),
    Count = ping(Pong, Trips, 0),
    Elapsed = now_ns() - Start,
    stop(Pong),
    {Count, Elapsed}.

ping(_Pong, 0, Count) ->
    Count;
ping(Pong, Left, Count) ->
    Pong ! {ping, self()},
    receive pong -> ping(Pong, Left - 1, Count + 1) end.

pong() ->
    receive
        {ping, From} -> From ! pong, pong();
        stop -> ok
    end.

%% A token goes round; each process counts its hops, and the counts are added up afterwards.
threadring(Hops, Far) ->
    Self = self(),
    Ring = [start(fun() -> hopper_start(Self) end, Far) || _ <- lists:seq(1, ?RING)],
    [First | Rest] = Ring,
    lists:foreach(fun({Pid, Next}) -> Pid ! {next, Next} end, lists:zip(Ring, Rest ++ [First])),
    Start = now_ns(),
    First ! {token, Hops - 1},
    receive finished -> ok end,
    Elapsed = now_ns() - Start,
    lists:foreach(fun(Pid) -> Pid ! count end, Ring),
    {lists:sum([receive {count, Pid, Count} -> Count end || Pid <- Ring]), Elapsed}.

hopper_start(Owner) ->
    receive {next, Next} -> hopper(Owner, Next, 0) end.

hopper(Owner, Next, Count) ->
    receive
        {token, 0} -> Owner ! finished, hopper(Owner, Next, Count + 1);
        {token, Left} -> Next ! {token, Left - 1}, hopper(Owner, Next, Count + 1);
        count -> Owner ! {count, self(), Count}
    end.

%% One process sends to a counter: all at once, or with an answer after every window.
count_flood(Messages, Far) ->
    count(Messages, Messages, Far).

count_windows(Messages, Far) ->
    count(Messages, ?WINDOW, Far).

one_way(Messages, Far) ->
    count(Messages, ?ONE_WAY_WINDOW, Far).

count(Messages, Window, Far) ->
    Counter = start(fun() -> counter(0) end, Far),
    Start = now_ns(),
    Total = windows(Counter, Messages, Window, 0),
    Elapsed = now_ns() - Start,
    stop(Counter),
    {Total, Elapsed}.

windows(_Counter, 0, _Window, Total) ->
    Total;
windows(Counter, Left, Window, _Total) ->
    Now = min(Left, Window),
    add(Counter, Now),
    Counter ! {get, self()},
    receive {total, Total} -> windows(Counter, Left - Now, Window, Total) end.

add(_Counter, 0) ->
    ok;
add(Counter, Left) ->
    Counter ! {add, 1},
    add(Counter, Left - 1).

counter(Total) ->
    receive
        {add, By} -> counter(Total + By);
        {get, From} -> From ! {total, Total}, counter(Total);
        stop -> ok
    end.

%% Processes are created; each answers one message with its number, and ends.
spawn(Processes, Far) ->
    % On its heap the answers that wait would be copied by each collection, ten times the cost of all else.
    process_flag(message_queue_data, off_heap),
    Start = now_ns(),
    ok = spawn_each(0, Processes, Far),
    Sum = sum_answers(Processes, 0),
    {Sum, now_ns() - Start}.

spawn_each(Processes, Processes, _Far) ->
    ok;
spawn_each(Number, Processes, Far) ->
    spawn_opt(fun() -> receive From -> From ! Number end end, Far) ! self(),
    spawn_each(Number + 1, Processes, Far).

sum_answers(0, Sum) ->
    Sum;
sum_answers(Left, Sum) ->
    receive Number -> sum_answers(Left - 1, Sum + Number) end.

%% A caller awaits each reply of a gen_server before the next request.
call(Calls, Far) ->
    {ok, Adder} = mofa_adder:start_link(Far),
    Start = now_ns(),
    Total = call_each(Adder, Calls, 0),
    Elapsed = now_ns() - Start,
    ok = gen_server:stop(Adder),
    {Total, Elapsed}.

call_each(_Adder, 0, Total) ->
    Total;
call_each(Adder, Left, _Total) ->
    call_each(Adder, Left - 1, gen_server:call(Adder, {add, 1})).

%% One message to another process and back, one at a time, each timed.
round_trip(Trips, Far) ->
    Echo = start(fun echo/0, Far),
    Start = now_ns(),
    {Count, Latencies} = trip(Echo, 0, Trips, 0, []),
    Elapsed = now_ns() - Start,
    stop(Echo),
    {Count, Elapsed, Latencies}.

trip(_Echo, Trips, Trips, Count, Latencies) ->
    {Count, Latencies};
trip(Echo, Number, Trips, Count, Latencies) ->
    Start = now_ns(),
    Echo ! {ping, self(), Number},
    receive
        {pong, Number} -> trip(Echo, Number + 1, Trips, Count + 1, [now_ns() - Start | Latencies])
    end.

echo() ->
    receive
        {ping, From, Number} -> From ! {pong, Number}, echo();
        stop -> ok
    end.

%% A process that loops is killed, and another asked at once; each timed from the kill to the answer.
kill(Kills, Far) ->
    Echo = start(fun echo/0, Far),
    Start = now_ns(),
    {Sum, Latencies} = kill(Echo, 0, Kills, 0, [], Far),
    Elapsed = now_ns() - Start,
    stop(Echo),
    {Sum, Elapsed, Latencies}.

kill(_Echo, Kills, Kills, Sum, Latencies, _Far) ->
    {Sum, Latencies};
kill(Echo, Number, Kills, Sum, Latencies, Far) ->
    Self = self(),
    Doomed = spawn_opt(fun() -> Self ! holds, loop() end, Far),
    receive holds -> ok end,
    Start = now_ns(),
    exit(Doomed, kill),
    Echo ! {ping, Self, Number},
    receive
        {pong, Answer} -> kill(Echo, Number + 1, Kills, Sum + Answer, [now_ns() - Start | Latencies], Far)
    end.

loop() -> loop().

%% Pairs play ping-pong at once. The trips are dealt out beforehand, since nothing is shared.
pairs(Trips, Far) ->
    Self = self(),
    Share = Trips div ?PAIRS,
    Shares = [Share + (case N < Trips rem ?PAIRS of true -> 1; false -> 0 end) || N <- lists:seq(0, ?PAIRS - 1)],
    Pairs = [pair(Self, N, Far) || N <- Shares],
    Start = now_ns(),
    lists:foreach(fun(Pid) -> Pid ! start end, Pairs),
    Count = lists:sum([receive {trips, Pid, N} -> N end || Pid <- Pairs]),
    {Count, now_ns() - Start}.

pair(Owner, Trips, Far) ->
    % No option is inherited: without one for the ping it would be free to move to the far scheduler.
    Near = [{scheduler, 1} || _ <- Far],
    start(fun() ->
        Pong = start(fun pong/0, Far),
        receive start -> ok end,
        Owner ! {trips, self(), ping(Pong, Trips, 0)},
        stop(Pong)
    end, Near).

%% Its stop is asked for after the clock was read.
stop(Pid) ->
    unlink(Pid),
    Pid ! stop.
