%% The Erlang peer: reads lines of "scenario size placement" from standard input and answers each with one line,
%% "result elapsed-ns [latency-ns ...]". It ends with its input. erlang-machine.ts is its other side.
%% Placement is "free", where Erlang decides (a pair of processes then stays on one scheduler), or "apart".
-module(mofa_peer).
-export([main/0]).

main() ->
    case io:get_line("") of
        Line when is_list(Line) ->
            [Name, Size, Placement] = string:lexemes(string:trim(Line), " "),
            answer(execute(list_to_atom(Name), list_to_integer(Size), Placement)),
            main();
        _EndOrError ->
            halt(0)
    end.

%% A fresh process for each repetition, so that the garbage of one is not collected in the next.
execute(Name, Size, Placement) ->
    {Near, Far} = options(Placement),
    {Pid, Monitor} = spawn_opt(fun() -> exit({done, mofa_scenarios:Name(Size, Far)}) end, [monitor | Near]),
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
answer({Result, ElapsedNs, LatenciesNs}) ->
    io:put_chars([lists:join($\s, [integer_to_binary(N) || N <- [Result, ElapsedNs | LatenciesNs]]), $\n]).
