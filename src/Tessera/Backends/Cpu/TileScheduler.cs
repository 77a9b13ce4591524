using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Tessera.Backends.Cpu;

/// <summary>
/// The only place of the CPU backend with threads: a fixed set of background threads that, with the caller, take items from one atomic
/// counter. Items are handed out in ascending order, so callers put the heavy ones first. A run allocates nothing. Runs on one scheduler
/// take turns.
/// </summary>
#pragma warning disable CA1001 // A scheduler and its events live as long as the process.
internal sealed unsafe class TileScheduler
#pragma warning restore CA1001
{
    private static readonly ConcurrentDictionary<int, TileScheduler> Schedulers = new();

    /// <summary>
    /// How long a thread that has nothing to do looks for work before it sleeps. Waking a sleeper costs as much, and the steps of a run
    /// follow one another within a few microseconds.
    /// </summary>
    private static readonly long SpinTicks = Stopwatch.Frequency / 20_000;

    private readonly Lock _turn = new();
    private readonly Seat[] _seats;
    private readonly AutoResetEvent _finished = new(false);
    private readonly bool _spins;
    private delegate*<void*, int, int, void> _execute;
    private void* _job;
    private int _count;
    private int _next;
    private int _running;
    private int _callerSleeps;
    private Exception? _failure;
    private CancellationToken _cancellationToken;

    private TileScheduler(int threads)
    {
        Threads = threads;
        _spins = threads <= Environment.ProcessorCount;
        _seats = new Seat[threads - 1];
        for (int i = 0; i < _seats.Length; i++)
        {
            Seat seat = _seats[i] = new Seat();
            int worker = i + 1;
            new Thread(() => Serve(seat, worker)) { IsBackground = true, Name = $"Tessera worker {worker}" }.Start();
        }
    }

    /// <summary>Threads, the caller included.</summary>
    public int Threads { get; }

    /// <summary>The scheduler with that many threads; shared by the process, made on first use.</summary>
    public static TileScheduler ForThreads(int threads) => Schedulers.GetOrAdd(threads, static count => new TileScheduler(count));

    /// <summary>Executes every item of a job and returns when all are done.</summary>
    /// <param name="count">Items.</param>
    /// <param name="job">The job; copied once.</param>
    /// <param name="cancellationToken">Polled before each item.</param>
    /// <exception cref="OperationCanceledException">Cancelled; some items were not executed.</exception>
    public void Run<TJob>(int count, in TJob job, CancellationToken cancellationToken)
        where TJob : struct, ITileJob
    {
        if (count <= 0)
        {
            return;
        }

        lock (_turn)
        {
            // Workers reach the job through its address, so it stays in this frame until they are done.
            TJob local = job;
            _job = Unsafe.AsPointer(ref local);
            _execute = &Execute<TJob>;
            _count = count;
            _next = 0;
            _failure = null;
            _cancellationToken = cancellationToken;
            int helpers = Math.Min(_seats.Length, count - 1);
            _running = helpers;
            for (int i = 0; i < helpers; i++)
            {
                _seats[i].Post();
            }

            TakeItems(0);
            for (int i = 0; i < helpers; i++)
            {
                // Whoever has not come by now has nothing left to do.
                if (_seats[i].Revoke())
                {
                    Interlocked.Decrement(ref _running);
                }
            }

            AwaitHelpers();
            _job = null;
            _cancellationToken = default;
            if (_failure is { } failure)
            {
                _failure = null;
                ExceptionDispatchInfo.Throw(failure);
            }
        }
    }

    private static void Execute<TJob>(void* job, int item, int worker)
        where TJob : struct, ITileJob => Unsafe.AsRef<TJob>(job).Execute(item, worker);

    private void Serve(Seat seat, int worker)
    {
        while (true)
        {
            seat.Await(_spins);
            if (seat.Take())
            {
                TakeItems(worker);
                if (Interlocked.Decrement(ref _running) == 0 && Interlocked.Exchange(ref _callerSleeps, 0) == 1)
                {
                    _finished.Set();
                }
            }
        }
    }

    // A helper of the run before may set the event late, so being woken proves nothing.
    private void AwaitHelpers()
    {
        long end = Stopwatch.GetTimestamp() + SpinTicks;
        while (Volatile.Read(ref _running) != 0)
        {
            if (_spins && Stopwatch.GetTimestamp() < end)
            {
                Thread.SpinWait(2);
                continue;
            }

            Interlocked.Exchange(ref _callerSleeps, 1);
            if (Volatile.Read(ref _running) != 0 || Interlocked.Exchange(ref _callerSleeps, 0) == 0)
            {
                _finished.WaitOne();
            }
        }
    }

    // The first failure is kept for the caller and stops the hand-out; anything an item throws must reach the caller's thread.
#pragma warning disable CA1031
    private void TakeItems(int worker)
    {
        try
        {
            int item;
            while ((item = Interlocked.Increment(ref _next) - 1) < _count)
            {
                _cancellationToken.ThrowIfCancellationRequested();
                _execute(_job, item, worker);
            }
        }
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref _failure, failure, null);
            Volatile.Write(ref _next, _count);
        }
    }
#pragma warning restore CA1031

    /// <summary>
    /// Where a helper waits for a run: the run is posted, then taken by the helper or revoked by the caller. A helper that sleeps says so
    /// before it looks once more, and the caller posts before it looks for sleepers, so no post is missed.
    /// </summary>
#pragma warning disable CA1001 // As above.
    private sealed class Seat
#pragma warning restore CA1001
    {
        private const int Free = 0;
        private const int Posted = 1;

        private readonly AutoResetEvent _wake = new(false);
        private int _state;
        private int _sleeps;

        public void Post()
        {
            Interlocked.Exchange(ref _state, Posted);
            if (Volatile.Read(ref _sleeps) == 1 && Interlocked.Exchange(ref _sleeps, 0) == 1)
            {
                _wake.Set();
            }
        }

        /// <summary>Whether the helper gets the run.</summary>
        public bool Take() => Interlocked.CompareExchange(ref _state, Free, Posted) == Posted;

        /// <summary>Whether the caller got it back.</summary>
        public bool Revoke() => Take();

        /// <summary>Returns when a run may have been posted.</summary>
        public void Await(bool spins)
        {
            long end = Stopwatch.GetTimestamp() + SpinTicks;
            while (spins && Stopwatch.GetTimestamp() < end)
            {
                if (Volatile.Read(ref _state) == Posted)
                {
                    return;
                }

                Thread.SpinWait(2);
            }

            Interlocked.Exchange(ref _sleeps, 1);
            if (Volatile.Read(ref _state) != Posted || Interlocked.Exchange(ref _sleeps, 0) == 0)
            {
                _wake.WaitOne();
            }
        }
    }
}
