%% The Erlang peer: reads lines of "module:scenario size placement" from standard input and answers each with one line,
%% "result elapsed-ns [latency-ns ...]" or "result elapsed-ns bytes n", and the line "memory" with how many bytes it has. It ends with its input. erlang-machine.ts is its other side.
%% Placement is "free", where Erlang decides (a pair of processes then stays on one scheduler), or "apart".
-module(mofa_peer).
-export([main/0]).

main() ->
    case io:get_line("") of
        Line when is_list(Line) ->
            asked(string:lexemes(string:trim(Line), " ")),
            main();
        _EndOrError ->
            halt(0)
    end.

asked(["memory"]) ->
    io:format("~b~n", [erlang:memory(total)]);
asked([Name, Size, Placement]) ->
    [Module, Function] = string:lexemes(Name, ":"),
    answer(execute(list_to_atom(Module), list_to_atom(Function), list_to_integer(Size), Placement)).

%% A fresh process for each repetition, so that the garbage of one is not collected in the next. What it draws is the run's (chance.ts).
execute(Module, Function, Size, Placement) ->
    {Near, Far} = options(Placement),
    Seed = list_to_integer(os:getenv("MOFA_BENCH_SEED", "0")),
    Play = fun() ->
        rand:seed(exsss, Seed),
        exit({done, Module:Function(Size, Far)})
    end,
    {Pid, Monitor} = spawn_opt(Play, [monitor | Near]),
    receive
        {'DOWN', Monitor, process, Pid, {done, Outcome}} -> Outcome;
        {'DOWN', Monitor, process, Pid, Reason} -> {failed, Reason}
    end.

%% Of the scenario's own process, and of those that it speaks to. The option is undocumented, and OTP's own tests use it.
options("free") -> {[], []};
options("apart") -> {[{scheduler, 1}], [{scheduler, 2}]}.

answer({failed, Reason}) ->
    io:format("failed ~0p~n", [Reason]);
answer({Result, ElapsedNs}) ->
    answer({Result, ElapsedNs, []});
answer({Result, ElapsedNs, {bytes, Bytes}}) ->
    io:format("~b ~b bytes ~b~n", [Result, ElapsedNs, Bytes]);
answer({Result, ElapsedNs, LatenciesNs}) ->
    io:put_chars([lists:join($\s, [integer_to_binary(N) || N <- [Result, ElapsedNs | LatenciesNs]]), $\n]).
