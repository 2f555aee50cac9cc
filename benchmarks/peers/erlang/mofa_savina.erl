%% The plays of savina/, as processes. Each takes a size and spawn options, and gives {Result, ElapsedNs}.
-module(mofa_savina).
-export([fjthrput/2, fjcreate/2, chameneos/2, big/2, bndbuffer/2, banking/2, sieve/2, nqueenk/2, fib/2, skynet/2]).

-define(WORKERS, 60).
-define(CREATURES, 100).
-define(ACTORS, 120).

timed(Play) ->
    Start = erlang:monotonic_time(nanosecond),
    Result = Play(),
    {Result, erlang:monotonic_time(nanosecond) - Start}.

share(Size, Count) -> max(1, round(Size / Count)).

%% Not linked, as the runtime's are not.
start(Fun, Options) -> spawn_opt(Fun, Options).

%% What so many processes say, added up.
sum(0, Sum) -> Sum;
sum(Left, Sum) -> receive N when is_integer(N) -> sum(Left - 1, Sum + N) end.

work(N) ->
    Sine = math:sin(N),
    case Sine * Sine > 0 of true -> 1; false -> 0 end.

%% 60 processes get messages by turns.
fjthrput(Size, Far) ->
    Messages = share(Size, ?WORKERS),
    timed(fun() ->
        Self = self(),
        All = [start(fun() -> worker(Self, Messages, 0) end, Far) || _ <- lists:seq(1, ?WORKERS)],
        lists:foreach(fun(N) -> lists:foreach(fun(Pid) -> Pid ! {work, N} end, All) end, lists:seq(1, Messages)),
        sum(?WORKERS, 0)
    end).

worker(Owner, 0, Sum) -> Owner ! Sum;
worker(Owner, Left, Sum) -> receive {work, N} -> worker(Owner, Left - 1, Sum + work(N)) end.

%% Processes are made, and each ends with its first message.
fjcreate(Size, Far) ->
    %% So many answers in a heap that is collected again and again would cost twenty times as much.
    process_flag(message_queue_data, off_heap),
    timed(fun() ->
        Self = self(),
        create(Size, Self, Far),
        sum(Size, 0)
    end).

create(0, _Self, _Far) -> ok;
create(N, Self, Far) ->
    start(fun() -> receive {work, M} -> Self ! work(M) end end, Far) ! {work, N},
    create(N - 1, Self, Far).

%% Creatures meet by twos.
chameneos(Size, Far) ->
    timed(fun() ->
        Mall = self(),
        lists:foreach(
            fun(N) -> start(fun() -> Mall ! {meet, self(), N rem 3}, creature(Mall, N rem 3, 0) end, Far) end,
            lists:seq(0, ?CREATURES - 1)
        ),
        mall(Size, none),
        sum(?CREATURES, 0)
    end).

mall(0, none) ->
    close(?CREATURES);
mall(0, {Waiting, _}) ->
    Waiting ! closed,
    close(?CREATURES - 1);
mall(Left, none) ->
    receive {meet, Pid, Colour} -> mall(Left, {Pid, Colour}) end;
mall(Left, {Waiting, _}) ->
    receive {meet, Pid, Colour} -> Waiting ! {meet, Pid, Colour}, mall(Left - 1, none) end.

close(0) -> ok;
close(Left) -> receive {meet, Pid, _} -> Pid ! closed, close(Left - 1) end.

creature(Mall, Colour, Meetings) ->
    receive
        {meet, Other, Theirs} ->
            New = complement(Colour, Theirs),
            Other ! {changed, New},
            Mall ! {meet, self(), New},
            creature(Mall, New, Meetings + 1);
        {changed, New} ->
            Mall ! {meet, self(), New},
            creature(Mall, New, Meetings + 1);
        closed ->
            Mall ! Meetings
    end.

complement(Same, Same) -> Same;
complement(One, Other) -> 3 - One - Other.

%% Processes ping one another by chance.
big(Size, Far) ->
    Pings = share(Size, ?ACTORS),
    timed(fun() ->
        Sink = self(),
        All = [start(fun() -> actor(Sink, Pings, Seed) end, Far) || Seed <- seeds(?ACTORS)],
        Neighbours = list_to_tuple(All),
        lists:foreach(fun(Pid) -> Pid ! {neighbours, Neighbours} end, All),
        Sum = sum(?ACTORS, 0),
        lists:foreach(fun(Pid) -> Pid ! 'end' end, All),
        Sum
    end).

%% A process has a generator of its own.
seeds(Count) -> [rand:uniform(1 bsl 32) || _ <- lists:seq(1, Count)].

actor(Sink, Pings, Seed) ->
    rand:seed(exsss, Seed),
    receive {neighbours, All} -> ping(Sink, All, Pings, 0) end.

ping(Sink, All, 0, Pongs) ->
    Sink ! Pongs,
    answer(Sink, All, 0, Pongs);
ping(Sink, All, Left, Pongs) ->
    element(rand:uniform(?ACTORS), All) ! {ping, self()},
    answer(Sink, All, Left - 1, Pongs).

answer(Sink, All, Left, Pongs) ->
    receive
        {ping, From} -> From ! pong, answer(Sink, All, Left, Pongs);
        pong -> ping(Sink, All, Left, Pongs + 1);
        'end' -> ok
    end.

%% Producers and consumers, and one between them who has room for so many items.
-define(PRODUCERS, 40).
-define(ROOM, 50).
-define(COST, 25).

bndbuffer(Size, Far) ->
    Items = share(Size, ?PRODUCERS),
    timed(fun() ->
        Manager = self(),
        Free = [start(fun() -> consumer(Manager) end, Far) || _ <- lists:seq(1, ?PRODUCERS)],
        lists:foreach(
            fun(_) -> start(fun() -> producer(Manager, Items) end, Far) ! produce end,
            lists:seq(1, ?PRODUCERS)
        ),
        manager(Free, queue:new(), queue:new(), ?PRODUCERS, 0)
    end).

log_work() -> log_work(1, 0.0).
log_work(Step, Value) when Step > ?COST -> Value;
log_work(Step, Value) -> log_work(Step + 1, Value + math:log(Step + Value)).

producer(Manager, 0) ->
    receive produce -> Manager ! produced end;
producer(Manager, Left) ->
    receive
        produce ->
            log_work(),
            Manager ! {item, self(), Left},
            producer(Manager, Left - 1)
    end.

consumer(Manager) ->
    receive
        {item, Number} ->
            log_work(),
            Manager ! {free, self(), Number},
            consumer(Manager);
        'end' ->
            ok
    end.

manager(Free, _Items, _Waiting, 0, Sum) when length(Free) =:= ?PRODUCERS ->
    lists:foreach(fun(Pid) -> Pid ! 'end' end, Free),
    Sum;
manager(Free, Items, Waiting, Left, Sum) ->
    receive
        {item, From, Number} ->
            {NewFree, NewItems} =
                case Free of
                    [Taker | Rest] -> Taker ! {item, Number}, {Rest, Items};
                    [] -> {[], queue:in(Number, Items)}
                end,
            case queue:len(NewItems) >= ?ROOM - ?PRODUCERS of
                true -> manager(NewFree, NewItems, queue:in(From, Waiting), Left, Sum);
                false -> From ! produce, manager(NewFree, NewItems, Waiting, Left, Sum)
            end;
        {free, From, Number} ->
            case queue:out(Items) of
                {empty, _} ->
                    manager([From | Free], Items, Waiting, Left, Sum + Number);
                {{value, Next}, Others} ->
                    From ! {item, Next},
                    case queue:out(Waiting) of
                        {empty, _} -> manager(Free, Others, Waiting, Left, Sum + Number);
                        {{value, Producer}, Later} -> Producer ! produce, manager(Free, Others, Later, Left, Sum + Number)
                    end
            end;
        produced ->
            manager(Free, Items, Waiting, Left - 1, Sum)
    end.

%% Money goes between accounts; who has sent some serves no other transfer until the receipt.
-define(ACCOUNTS, 1000).
-define(BALANCE, 1000000).

banking(Size, Far) ->
    process_flag(message_queue_data, off_heap),
    timed(fun() ->
        Teller = self(),
        All = list_to_tuple([start(fun() -> account(Teller, ?BALANCE) end, Far) || _ <- lists:seq(1, ?ACCOUNTS)]),
        transfer(Size, All),
        done(Size),
        lists:foreach(fun(Pid) -> Pid ! 'end' end, tuple_to_list(All)),
        Sum = lists:sum([receive {balance, Balance} -> Balance end || _ <- lists:seq(1, ?ACCOUNTS)]),
        case Sum =:= ?ACCOUNTS * ?BALANCE of true -> Size; false -> -1 end
    end).

transfer(0, _All) -> ok;
transfer(Left, All) ->
    From = rand:uniform(?ACCOUNTS div 10 * 8),
    To = From + rand:uniform(?ACCOUNTS - From),
    element(From, All) ! {transfer, element(To, All), rand:uniform(1000)},
    transfer(Left - 1, All).

done(0) -> ok;
done(Left) -> receive done -> done(Left - 1) end.

account(Teller, Balance) ->
    receive
        {transfer, To, Amount} ->
            To ! {deposit, self(), Amount},
            waiting(Teller, Balance - Amount);
        {deposit, From, Amount} ->
            From ! receipt,
            account(Teller, Balance + Amount);
        'end' ->
            Teller ! {balance, Balance}
    end.

%% What it is not to serve yet stays in its mailbox.
waiting(Teller, Balance) ->
    receive
        {deposit, From, Amount} -> From ! receipt, waiting(Teller, Balance + Amount);
        receipt -> Teller ! done, account(Teller, Balance)
    end.

%% Odd numbers go through a pipeline of processes with 1,000 primes each.
-define(PRIMES, 1000).

sieve(Size, Far) ->
    timed(fun() ->
        Self = self(),
        Filters = start(fun() -> filter(Self, [2], 1, none, Far) end, Far),
        numbers(3, Size, Filters),
        Filters ! {'end', 0},
        receive {primes, Primes} -> Primes end
    end).

numbers(Number, Last, _To) when Number > Last -> ok;
numbers(Number, Last, To) -> To ! {number, Number}, numbers(Number + 2, Last, To).

%% Its primes are in their order: the small ones divide most.
filter(Owner, Primes, Count, Next, Far) ->
    receive
        {'end', Before} when Next =:= none -> Owner ! {primes, Before + Count};
        {'end', Before} -> Next ! {'end', Before + Count};
        {number, Number} ->
            case is_divided(Number, Primes) of
                true -> filter(Owner, Primes, Count, Next, Far);
                false when Count < ?PRIMES -> filter(Owner, Primes ++ [Number], Count + 1, Next, Far);
                false when Next =:= none ->
                    New = start(fun() -> filter(Owner, [Number], 1, none, Far) end, Far),
                    filter(Owner, Primes, Count, New, Far);
                false ->
                    Next ! {number, Number},
                    filter(Owner, Primes, Count, Next, Far)
            end
    end.

is_divided(_Number, []) -> false;
is_divided(Number, [Prime | _]) when Number rem Prime =:= 0 -> true;
is_divided(Number, [_ | Primes]) -> is_divided(Number, Primes).

%% A master hands boards to 20 workers by turns.
-define(QUEEN_WORKERS, 20).
-define(THRESHOLD, 4).

nqueenk(Size, Far) ->
    Queens = queens_for(Size, 12),
    timed(fun() ->
        Master = self(),
        All = list_to_tuple([
            start(fun() -> queens_worker(Master, Queens) end, Far)
         || _ <- lists:seq(1, ?QUEEN_WORKERS)
        ]),
        Master ! {work, [], 0},
        Found = queens_master(All, 0, 0, 0),
        lists:foreach(fun(Pid) -> Pid ! 'end' end, tuple_to_list(All)),
        Found
    end).

queens_for(_Size, 4) -> 4;
queens_for(Size, Queens) ->
    case element(Queens, {1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2680, 14200}) =< Size of
        true -> Queens;
        false -> queens_for(Size, Queens - 1)
    end.

queens_master(All, Next, Open, Found) ->
    receive
        {work, Board, Length} ->
            element(Next + 1, All) ! {work, Board, Length},
            queens_master(All, (Next + 1) rem ?QUEEN_WORKERS, Open + 1, Found);
        {found, Solutions} -> queens_master(All, Next, Open, Found + Solutions);
        done when Open =:= 1 -> Found;
        done -> queens_master(All, Next, Open - 1, Found)
    end.

queens_worker(Master, Queens) ->
    receive
        'end' -> ok;
        {work, Board, Length} ->
            case Length >= ?THRESHOLD orelse Length =:= Queens of
                true -> Master ! {found, solve(Board, Length, Queens)};
                false ->
                    [
                        Master ! {work, [Column | Board], Length + 1}
                     || Column <- lists:seq(0, Queens - 1), is_free(Board, Column, 1)
                    ]
            end,
            Master ! done,
            queens_worker(Master, Queens)
    end.

solve(_Board, Queens, Queens) -> 1;
solve(Board, Length, Queens) -> solve(Board, Length, Queens, 0, 0).

solve(_Board, _Length, Queens, Queens, Found) -> Found;
solve(Board, Length, Queens, Column, Found) ->
    case is_free(Board, Column, 1) of
        true -> solve(Board, Length, Queens, Column + 1, Found + solve([Column | Board], Length + 1, Queens));
        false -> solve(Board, Length, Queens, Column + 1, Found)
    end.

%% The last row comes first.
is_free([], _Column, _Rows) -> true;
is_free([Column | _], Column, _Rows) -> false;
is_free([Other | _], Column, Rows) when abs(Other - Column) =:= Rows -> false;
is_free([_ | Board], Column, Rows) -> is_free(Board, Column, Rows + 1).

%% A process for each call of the naive function.
fib(Size, Far) ->
    N = fib_number(Size, 1),
    timed(fun() ->
        Self = self(),
        start(fun() -> term(Self, N, Far) end, Far),
        sum(1, 0)
    end).

fibonacci(N) -> fibonacci(N, 0, 1).
fibonacci(0, Last, _Next) -> Last;
fibonacci(N, Last, Next) -> fibonacci(N - 1, Next, Last + Next).

fib_number(Actors, N) ->
    case 2 * fibonacci(N + 1) - 1 =< Actors of
        true -> fib_number(Actors, N + 1);
        false -> N
    end.

term(Parent, N, _Far) when N =< 2 -> Parent ! 1;
term(Parent, N, Far) ->
    Self = self(),
    start(fun() -> term(Self, N - 1, Far) end, Far),
    start(fun() -> term(Self, N - 2, Far) end, Far),
    Parent ! sum(2, 0).

%% A tree of processes whose leaves say their numbers.
skynet(Size, Far) ->
    Leaves = leaves(Size, 1),
    timed(fun() ->
        Self = self(),
        start(fun() -> node(Self, 0, Leaves, Far) end, Far),
        sum(1, 0)
    end).

leaves(Size, Leaves) when Leaves * 10 > Size -> Leaves;
leaves(Size, Leaves) -> leaves(Size, Leaves * 10).

node(Parent, Number, 1, _Far) -> Parent ! Number;
node(Parent, Number, Leaves, Far) ->
    Self = self(),
    Share = Leaves div 10,
    lists:foreach(
        fun(Child) -> start(fun() -> node(Self, Number + Child * Share, Share, Far) end, Far) end,
        lists:seq(0, 9)
    ),
    Parent ! sum(10, 0).
