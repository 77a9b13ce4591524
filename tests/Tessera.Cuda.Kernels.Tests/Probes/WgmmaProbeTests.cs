using System.Runtime.InteropServices;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Memory;
using Tessera.Numerics;
using Xunit;

namespace Tessera.Cuda.Kernels.Tests.Probes;

/// <summary>
/// The instructions of sm_90a on the emulator: bulk copies with the 128-byte swizzle, barriers in shared memory, wgmma from shared memory
/// and from registers.
/// </summary>
public sealed class WgmmaProbeTests
{
    private const int Rows = 64;
    private const int StepBytes = 128;
    private const int Threads = 160;
    private const int SharedBytes = (4 * Rows * StepBytes) + 32;

    public static TheoryData<string, int> Cases
    {
        get
        {
            TheoryData<string, int> cases = [];
            foreach (string kernel in new[] { "probe_int8_shared", "probe_int8_registers", "probe_e4m3_shared", "probe_e4m3_registers" })
            {
                for (int schedule = 0; schedule < EmulatedSchedule.All.Count; schedule++)
                {
                    cases.Add(kernel, schedule);
                }
            }

            return cases;
        }
    }

    [EmulatedTheory]
    [MemberData(nameof(Cases))]
    public void A_warp_specialised_product_is_exact_in_every_schedule(string kernel, int schedule) =>
        Check(kernel, EmulatedKernels.Shared, EmulatedSchedule.All[schedule]);

    /// <summary>
    /// 4096 products of 1 and 1.125, 32 an instruction, on accumulators of 14 bits. 57 sums of 36 are exact and reach 2052; from 2048 on the
    /// last bit weighs 1/4 and a product is worth 1, so that each of the other 71 adds 32.
    /// </summary>
    [EmulatedTheory]
    [InlineData(0, 4608)]
    [InlineData(14, 4324)]
    [InlineData(25, 4608)]
    public void Narrow_accumulators_cut_products_off(int accumulatorBits, float expected)
    {
        const int Length = 4096;
        using EmulatedDevice device = new(90) { AccumulatorBits = accumulatorBits };
        using DeviceData data = new(device);
        ProbeParameters parameters = new()
        {
            A = Map(1.0f),
            B = Map(1.125f),
            D = data.Poisoned<float>(Rows * Rows),
            Steps = Length / StepBytes,
        };
        CudaDeviceCalls.Launch(device, "probe_e4m3_shared", new LaunchShape(1, 1, 1, Threads, SharedBytes), parameters);
        Assert.All(data.Get<float>(parameters.D, Rows * Rows), sum => Assert.Equal(expected, sum));

        ulong Map(float value)
        {
            byte[] codes = new byte[Rows * Length];
            Array.Fill(codes, ((Float8E4M3)value).Bits);
            return data.PutMap(new TensorMap(
                new DevicePointer(data.Put<byte>(codes)), TensorMapElement.UInt8, [Length, Rows, 1], [Length, Length * Rows],
                [StepBytes, Rows, 1], TensorMapSwizzle.Bytes128));
        }
    }

    internal static unsafe void Check(string kernel, EmulatedKernels kernels, EmulatedSchedule schedule)
    {
        // Not a whole number of steps, and fewer rows than the box: what is outside of the tensor reads as zero.
        const int Length = 600;
        const int Pitch = 608;
        const int Valid = 61;
        int steps = (Length + StepBytes - 1) / StepBytes;
        bool integer = kernel.Contains("int8", StringComparison.Ordinal);
        Random random = new(5);
        byte[] left = Codes(random, integer, Valid * Pitch);
        byte[] right = Codes(random, integer, Valid * Pitch);
        using EmulatedDevice device = new(90, schedule, kernels);
        using DeviceData data = new(device);
        ProbeParameters parameters = new()
        {
            A = Map(left),
            B = Map(right),
            D = data.Poisoned<int>(Rows * Rows),
            Steps = steps,
        };
        CudaDeviceCalls.Launch(device, kernel, new LaunchShape(1, 1, 1, Threads, SharedBytes), parameters);
        int[] bits = data.Get<int>(parameters.D, Rows * Rows);
        for (int i = 0; i < Rows * Rows; i++)
        {
            double expected = 0;
            for (int k = 0; k < Length && i / Rows < Valid && i % Rows < Valid; k++)
            {
                expected += Value(left[(i / Rows * Pitch) + k], integer) * Value(right[(i % Rows * Pitch) + k], integer);
            }

            double actual = integer ? bits[i] : BitConverter.Int32BitsToSingle(bits[i]);
            Assert.True(Math.Abs(actual - expected) <= (integer ? 0 : 1e-4 * Math.Abs(expected) + 1e-3), $"element {i}: {actual}, wanted {expected}");
        }

        ulong Map(byte[] codes) => data.PutMap(new TensorMap(
            new DevicePointer(data.Put<byte>(codes)), TensorMapElement.UInt8, [Length, Valid, 1], [Pitch, Pitch * Valid],
            [StepBytes, Rows, 1], TensorMapSwizzle.Bytes128));
    }

    private static byte[] Codes(Random random, bool integer, int count)
    {
        byte[] codes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            codes[i] = integer ? (byte)random.Next(256) : ((Float8E4M3)(float)((random.NextDouble() * 4) - 2)).Bits;
        }

        return codes;
    }

    private static double Value(byte code, bool integer) => integer ? (sbyte)code : Float8E4M3.DecodeTable[code];

    /// <summary>Mirror of ProbeParameters in the probe.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct ProbeParameters
    {
        public ulong A;
        public ulong B;
        public ulong D;
        public int Steps;
        public int Reserved;
    }
}
