using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Tessera.Cli.Tests;

/// <summary>Minimal .npy files, version 1.0, little-endian float32 in C order.</summary>
internal static class NumpyFile
{
    public static string Write(string path, int[] shape, float[] values)
    {
        string header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({string.Join(", ", shape)}), }}";
        header = header.PadRight((((10 + header.Length + 1 + 63) / 64) * 64) - 11) + "\n";
        using FileStream stream = File.Create(path);
        stream.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0]);
        byte[] length = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)header.Length);
        stream.Write(length);
        stream.Write(Encoding.ASCII.GetBytes(header));
        stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
        return path;
    }
}
