using System.Globalization;

namespace Tessera.Cuda.Driver;

/// <summary>An address in device memory (CUdeviceptr). It owns nothing.</summary>
/// <param name="Address">The address; 0 is null.</param>
public readonly record struct DevicePointer(ulong Address)
{
    /// <summary>No memory.</summary>
    public static DevicePointer Null => default;

    /// <summary>Whether it points nowhere.</summary>
    public bool IsNull => Address == 0;

    /// <summary>The address some bytes further.</summary>
    public static DevicePointer operator +(DevicePointer pointer, long bytes) => pointer.Add(bytes);

    /// <summary>The address some bytes further.</summary>
    public DevicePointer Add(long bytes) => new(unchecked(Address + (ulong)bytes));

    /// <inheritdoc/>
    public override string ToString() => $"0x{Address.ToString("x", CultureInfo.InvariantCulture)}";
}
