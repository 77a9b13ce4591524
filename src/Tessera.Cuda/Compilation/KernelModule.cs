namespace Tessera.Cuda.Compilation;

/// <summary>
/// One translation unit: an embedded <c>.cu</c> file and the kernels it exports. It is compiled once per architecture, by NVRTC at run
/// time, and to PTX at build time for machines without NVRTC.
/// </summary>
/// <param name="Name">Stable name; PTX of it is the embedded resource <c>NAME.sm_NN.ptx</c>.</param>
/// <param name="SourceFile">Embedded resource with the source, for example <c>sm80_int8_qk_int8_pv.cu</c>.</param>
/// <param name="Headers">Embedded resources that the source includes by name, each once.</param>
/// <param name="MinimumArchitecture">Lowest compute capability times ten that it runs on.</param>
/// <param name="Kernels">Entry points.</param>
public sealed record KernelModule(
    string Name, string SourceFile, IReadOnlyList<string> Headers, int MinimumArchitecture, IReadOnlyList<string> Kernels)
{
    /// <summary>
    /// Whether it uses features of one architecture that have no successor (<c>sm_90a</c>); false for portable code.
    /// </summary>
    public bool IsArchitectureSpecific { get; init; }
}
