using System.Runtime.Intrinsics;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Isa;
using Tessera.Neural.Products;

namespace Tessera.Neural.Layers;

/// <summary>
/// A function of one number applied to many, over all threads: the same registers of numbers that a product would finish with it.
/// </summary>
internal static unsafe class ActivationRows<TActivation>
    where TActivation : struct, IActivation
{
    private const int PartFloats = 1 << 12;

    /// <summary>Applies the function.</summary>
    /// <param name="input">x.</param>
    /// <param name="output">As long as the input; may be the input.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward(ReadOnlySpan<float> input, Span<float> output, int threads)
    {
        if (input.Length != output.Length)
        {
            throw new ArgumentException($"The output has {output.Length} numbers; wanted {input.Length}.", nameof(output));
        }

        fixed (float* x = input, y = output)
        {
            int parts = (int)(((long)input.Length + PartFloats - 1) / PartFloats);
            RowScheduler.Run(parts, PartFloats, new Job(x, y, input.Length), threads);
        }
    }

    private static void Apply<TIsa, TVector>(float* x, float* y, long count)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        long i = 0;
        for (; i <= count - TIsa.Count; i += TIsa.Count)
        {
            TIsa.Store(y + i, TActivation.Apply<TIsa, TVector>(TIsa.Load(x + i)));
        }

        if (i < count)
        {
            int rest = (int)(count - i);
            float* lanes = stackalloc float[TIsa.Count];
            new Span<float>(lanes, TIsa.Count).Clear();
            new ReadOnlySpan<float>(x + i, rest).CopyTo(new Span<float>(lanes, rest));
            TIsa.Store(lanes, TActivation.Apply<TIsa, TVector>(TIsa.Load(lanes)));
            new ReadOnlySpan<float>(lanes, rest).CopyTo(new Span<float>(y + i, rest));
        }
    }

    private readonly struct Job(float* x, float* y, long count) : IRowJob
    {
        public void Execute(int first, int parts)
        {
            long start = (long)first * PartFloats;
            long length = Math.Min((long)parts * PartFloats, count - start);
            switch (CpuOptions.Default.EffectiveInstructionSet)
            {
                case CpuInstructionSet.Vector512:
                    Apply<Isa512, Vector512<float>>(x + start, y + start, length);
                    break;
                case CpuInstructionSet.Vector256:
                    Apply<Isa256, Vector256<float>>(x + start, y + start, length);
                    break;
                default:
                    Apply<Isa128, Vector128<float>>(x + start, y + start, length);
                    break;
            }
        }
    }
}
