#!/usr/bin/env escript
%%! -kernel logger_level none
%% Runs scenarios on Erlang's own supervisor and prints what happened, one line each: the expectation of otp-traces.test.ts.
%% Input: Erlang terms, one scenario a line, as scenarios.ts writes them. Usage: escript record.escript < terms > traces.txt
-module(record).
-mode(compile).
-export([main/1, init/1, start_child/1]).

main(_) ->
    process_flag(trap_exit, true),
    ets:new(script, [named_table, public]),
    loop().

loop() ->
    case io:read("") of
        eof -> ok;
        {ok, {Number, Flags, Children, Steps}} ->
            io:format("~p: ~s~n", [Number, lists:join(", ", scenario(Flags, Children, Steps))]),
            loop()
    end.

scenario({Strategy, Intensity, Auto}, Children, Steps) ->
    ets:delete_all_objects(script),
    ets:insert(script, {trace, []}),
    Flags = #{strategy => Strategy, intensity => Intensity, period => 3600, auto_shutdown => Auto},
    {ok, Sup} = supervisor:start_link(?MODULE, {Flags, [spec(C) || C <- Children]}),
    lists:foreach(fun(S) -> step(S, Sup) end, Steps),
    exit(Sup, shutdown),
    receive {'EXIT', Sup, Reason} -> note("supervisor ~p", [Reason]) end,
    [{trace, Trace}] = ets:lookup(script, trace),
    lists:reverse(Trace).

init({Flags, Specs}) -> {ok, {Flags, Specs}}.

spec({Id, Restart, Significant}) ->
    #{id => Id, start => {?MODULE, start_child, [Id]}, restart => Restart, significant => Significant}.

%% A start does what the script says next, else it succeeds.
start_child(Id) ->
    note("start ~p", [Id]),
    case ets:lookup(script, Id) of
        [{Id, [fail | Rest]}] -> ets:insert(script, {Id, Rest}), {error, fail};
        [{Id, [ignore | Rest]}] -> ets:insert(script, {Id, Rest}), ignore;
        [{Id, [ok | Rest]}] -> ets:insert(script, {Id, Rest}), {ok, spawn_child(Id)};
        _ -> {ok, spawn_child(Id)}
    end.

%% Returns once the child traps exits, else an exit that comes at once would end it unseen.
spawn_child(Id) ->
    Self = self(),
    Pid = spawn_link(fun() -> process_flag(trap_exit, true), Self ! {ready, self()}, child(Id) end),
    receive {ready, Pid} -> Pid end.

child(Id) ->
    receive
        {'EXIT', _, Reason} -> note("end ~p ~p", [Id, Reason]), exit(Reason);
        {crash, Reason} -> note("end ~p ~p", [Id, Reason]), exit(Reason)
    end.

step({next, Id, What}, _) ->
    Now = case ets:lookup(script, Id) of [{Id, L}] -> L; [] -> [] end,
    ets:insert(script, {Id, Now ++ What});
step(_, Sup) when not is_pid(Sup) -> ok;
step(Step, Sup) ->
    case is_process_alive(Sup) of
        true -> act(Step, Sup), settle(Sup, 0);
        false -> ok
    end.

act({exit, Id, Reason}, Sup) ->
    case lists:keyfind(Id, 1, supervisor:which_children(Sup)) of
        {Id, Pid, _, _} when is_pid(Pid) ->
            Ref = monitor(process, Pid),
            Pid ! {crash, Reason},
            receive {'DOWN', Ref, _, _, _} -> ok end;
        _ -> ok
    end;
act({terminate, Id}, Sup) -> note("~s", [word(supervisor:terminate_child(Sup, Id))]);
act({restart, Id}, Sup) -> note("~s", [word(supervisor:restart_child(Sup, Id))]);
act({delete, Id}, Sup) -> note("~s", [word(supervisor:delete_child(Sup, Id))]);
act({start, Child}, Sup) -> note("~s", [word(supervisor:start_child(Sup, spec(Child)))]).

word(ok) -> "ok";
word({ok, undefined}) -> "ignored";
word({ok, _}) -> "ok";
word({error, {already_started, _}}) -> "already_started";
word({error, {fail, _}}) -> "start_failed";
word({error, fail}) -> "start_failed";
word({error, {bad_combination, _}}) -> "bad_combination";
word({error, Word}) -> atom_to_list(Word).

%% Waits until nothing restarts and the children have not changed for a while.
settle(Sup, Same) when Same > 2 -> note("~s", [children(Sup)]);
settle(Sup, Same) ->
    Before = children(Sup),
    timer:sleep(2),
    After = children(Sup),
    case Before =:= After andalso string:find(After, "restarting") =:= nomatch of
        true -> settle(Sup, Same + 1);
        false -> settle(Sup, 0)
    end.

children(Sup) ->
    try supervisor:which_children(Sup) of
        List -> ["[", lists:join(" ", [child_text(C) || C <- List]), "]"]
    catch exit:_ -> "gone"
    end.

child_text({Id, Pid, _, _}) when is_pid(Pid) -> atom_to_list(Id);
child_text({Id, undefined, _, _}) -> [atom_to_list(Id), "-"];
child_text({Id, restarting, _, _}) -> [atom_to_list(Id), "-restarting"].

note(Format, Args) ->
    [{trace, Trace}] = ets:lookup(script, trace),
    ets:insert(script, {trace, [io_lib:format(Format, Args) | Trace]}).
