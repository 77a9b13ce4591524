using Tessera.Cuda.Driver;
using Tessera.Cuda.Memory;

namespace GpuCheck.Probes;

/// <summary>What goes into a probe and what must come out.</summary>
/// <param name="Input">Words that the kernel reads.</param>
/// <param name="Expected">Words that it must write, computed here from the instruction's definition.</param>
/// <param name="Count">The kernel's count: elements, tiles or bytes.</param>
internal sealed record ProbeData(uint[] Input, uint[] Expected, int Count)
{
    /// <summary>When a word that came passes for one that was wanted.</summary>
    public Comparison Comparison { get; init; } = Comparison.Bits;

    /// <summary>What the output holds before; null for words that no probe writes.</summary>
    public uint[]? Before { get; init; }

    /// <summary>Blocks of the grid.</summary>
    public int Blocks { get; init; } = 1;

    /// <summary>Tensor maps that the kernel needs, from where input and output lie.</summary>
    public IReadOnlyList<Func<DevicePointer, DevicePointer, TensorMap>> Maps { get; init; } = [];

    /// <summary>Coordinates of the box, innermost first.</summary>
    public (int X, int Y, int Z) At { get; init; }

    /// <summary>Parameters of a kernel that has a structure of its own; null for that of probe.cuh.</summary>
    public Func<ProbeAddresses, byte[]>? Parameters { get; init; }
}

/// <summary>Where things lie on the device.</summary>
/// <param name="Input">Words of the input.</param>
/// <param name="Output">Words of the output.</param>
/// <param name="Maps">Encoded tensor maps.</param>
internal sealed record ProbeAddresses(ulong Input, ulong Output, IReadOnlyList<ulong> Maps);
