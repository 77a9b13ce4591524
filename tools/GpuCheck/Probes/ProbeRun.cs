using System.Runtime.InteropServices;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Memory;

namespace GpuCheck.Probes;

/// <summary>What came of a probe.</summary>
/// <param name="Words">Words that were compared.</param>
/// <param name="Wrong">Words that do not pass.</param>
/// <param name="First">The first of them, for people; empty when all pass.</param>
internal sealed record ProbeRun(int Words, int Wrong, string First)
{
    // What no probe writes, and NaN in every format that reads it as a number.
    private const uint Unwritten = 0xffbeadff;

    /// <summary>Runs a probe.</summary>
    /// <param name="device">A device that knows its kernel.</param>
    /// <param name="probe">The probe.</param>
    /// <param name="data">What goes in and must come out.</param>
    public static ProbeRun Of(ICudaDevice device, InstructionProbe probe, ProbeData data)
    {
        uint[] came = Output(device, probe, data);
        int wrong = 0;
        string first = "";
        for (int i = 0; i < came.Length; i++)
        {
            if (!data.Comparison.Accepts(data.Expected[i], came[i]))
            {
                first = wrong++ == 0 ? Describe(data, i, came[i]) : first;
            }
        }

        return new ProbeRun(came.Length, wrong, first);
    }

    /// <summary>What a probe's kernel makes of an input.</summary>
    public static uint[] Output(ICudaDevice device, InstructionProbe probe, ProbeData data)
    {
        uint[] words = new uint[data.Expected.Length];
        Array.Fill(words, Unwritten);
        (data.Before ?? words).CopyTo(words, 0);
        // Given back only when all went well: after a fault of the device nothing can be, and this process ends.
        DevicePointer input = device.Allocate(data.Input.Length * sizeof(uint));
        DevicePointer output = device.Allocate(words.Length * sizeof(uint));
        device.CopyToDevice<uint>(input, data.Input);
        device.CopyToDevice<uint>(output, words);
        DevicePointer[] maps = new DevicePointer[data.Maps.Count];
        byte[] parameters = new byte[probe.TakesMapByValue ? EncodedTensorMap.Bytes : 0];
        for (int i = 0; i < maps.Length; i++)
        {
            EncodedTensorMap encoded = device.EncodeTensorMap(data.Maps[i](input, output));
            maps[i] = device.Allocate(EncodedTensorMap.Bytes);
            device.CopyToDevice<byte>(maps[i], encoded);
            ((ReadOnlySpan<byte>)encoded)[..parameters.Length].CopyTo(parameters);
        }

        ProbeAddresses addresses = new(input.Address, output.Address, [.. maps.Select(static map => map.Address)]);
        parameters = [.. parameters, .. ParametersOf(addresses, data)];
        if (probe.TakesMapByValue)
        {
            // Aligned as its map.
            Array.Resize(ref parameters, 2 * EncodedTensorMap.Bytes);
        }

        device.Launch(probe.Kernel, new LaunchShape(data.Blocks, 1, 1, probe.Threads, probe.SharedBytes), parameters);
        device.CopyToHost<uint>(words, output);
        foreach (DevicePointer pointer in (DevicePointer[])[.. maps, output, input])
        {
            device.Free(pointer);
        }

        return words;
    }

    /// <summary>Parameters of a probe's kernel.</summary>
    public static byte[] ParametersOf(ProbeAddresses addresses, ProbeData data) =>
        data.Parameters is { } pack ? pack(addresses) : Bytes(new Parameters(addresses, data));

    /// <summary>A parameter structure as the kernel sees it.</summary>
    public static byte[] Bytes<T>(in T parameters)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in parameters)).ToArray();

    private static string Describe(ProbeData data, int word, uint came)
    {
        float wanted = BitConverter.UInt32BitsToSingle(data.Expected[word]);
        string inputs = data.Input.Length == 3 * data.Count && word < data.Count
            ? $" of {data.Input[word]:x8}, {data.Input[data.Count + word]:x8}, {data.Input[(2 * data.Count) + word]:x8}"
            : "";
        return FormattableString.Invariant(
            $"word {word}{inputs}: {came:x8} ({BitConverter.UInt32BitsToSingle(came):g9}), wanted {data.Expected[word]:x8} ({wanted:g9})");
    }

    /// <summary>Mirror of InstructionProbe in probe.cuh.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Parameters(ProbeAddresses addresses, ProbeData data)
    {
        public readonly ulong Input = addresses.Input;
        public readonly ulong Output = addresses.Output;
        public readonly ulong Map = addresses.Maps.Count > 0 ? addresses.Maps[0] : 0;
        public readonly int Count = data.Count;
        public readonly int X = data.At.X;
        public readonly int Y = data.At.Y;
        public readonly int Z = data.At.Z;
    }
}
