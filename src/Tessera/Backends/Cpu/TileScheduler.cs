using System.Collections.Concurrent;
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

    private readonly Lock _turn = new();
    private readonly AutoResetEvent[] _wake;
    private readonly AutoResetEvent _finished = new(false);
    private delegate*<void*, int, int, void> _execute;
    private void* _job;
    private int _count;
    private int _next;
    private int _running;
    private Exception? _failure;
    private CancellationToken _cancellationToken;

    private TileScheduler(int threads)
    {
        Threads = threads;
        _wake = new AutoResetEvent[threads - 1];
        for (int i = 0; i < _wake.Length; i++)
        {
            AutoResetEvent wake = _wake[i] = new AutoResetEvent(false);
            int worker = i + 1;
            new Thread(() => Serve(wake, worker)) { IsBackground = true, Name = $"Tessera worker {worker}" }.Start();
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
            int helpers = Math.Min(_wake.Length, count - 1);
            _running = helpers + 1;
            for (int i = 0; i < helpers; i++)
            {
                _wake[i].Set();
            }

            TakeItems(0);
            if (Interlocked.Decrement(ref _running) != 0)
            {
                _finished.WaitOne();
            }

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

    private void Serve(AutoResetEvent wake, int worker)
    {
        while (true)
        {
            wake.WaitOne();
            TakeItems(worker);
            if (Interlocked.Decrement(ref _running) == 0)
            {
                _finished.Set();
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
}
