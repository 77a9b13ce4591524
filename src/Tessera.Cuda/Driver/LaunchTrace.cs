namespace Tessera.Cuda.Driver;

/// <summary>
/// The last kernels that were started. A kernel that fails is met by whatever call comes next, so an error has to say which it may have
/// been.
/// </summary>
internal sealed class LaunchTrace
{
    private const int Remembered = 4;

    private readonly string[] _kernels = new string[Remembered];
    private long _count;

    /// <summary>Remembers a launch.</summary>
    public void Add(string kernel) => _kernels[(Interlocked.Increment(ref _count) - 1) % Remembered] = kernel;

    /// <inheritdoc/>
    public override string ToString()
    {
        long count = Interlocked.Read(ref _count);
        int known = (int)Math.Min(count, Remembered);
        return known == 0
            ? ""
            : $"last launches: {string.Join(", ", Enumerable.Range(0, known).Select(i => _kernels[(count - known + i) % Remembered]))}";
    }
}
