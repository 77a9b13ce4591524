namespace Tessera.Cuda.Launch;

/// <summary>One entry point of the kernels: the facts a launch needs. The emulator checks each against the source.</summary>
/// <param name="Name">Entry point.</param>
/// <param name="Parameters">Mirror of its parameter structure.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="SharedBytes">Dynamic shared memory of a block.</param>
internal sealed record KernelInstance(string Name, Type Parameters, int Threads, int SharedBytes)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}
