using System.Globalization;

namespace Tessera.Cuda.Driver;

/// <summary>A CUDA version as the driver counts it: 1000 major + 10 minor.</summary>
internal static class CudaVersion
{
    /// <summary>Oldest driver that has every entry point bound here.</summary>
    public const int OldestDriver = 12000;

    /// <summary>Oldest driver that reads the PTX 8.5 of this package.</summary>
    public const int OldestPtxDriver = 12050;

    /// <summary>Oldest NVRTC that makes code for sm_90.</summary>
    public const int OldestNvrtc = 12000;

    /// <summary>For example <c>13.0</c>.</summary>
    public static string Text(int version) => string.Create(CultureInfo.InvariantCulture, $"{version / 1000}.{version % 1000 / 10}");
}
