using System.Runtime.Intrinsics;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Isa;

namespace Tessera.Neural.Layers;

/// <summary>
/// The tanh form of GELU, <c>x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))</c> (Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016).
/// </summary>
/// <remarks>
/// Computed as <c>x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3))</c>, which is the same and does not cancel for negative x. Backward, for
/// training to add: with u the argument of the sigmoid s, <c>dx = dy (s + x s (1 - s) u')</c>, <c>u' = 2 sqrt(2/pi) (1 + 0.134145
/// x^2)</c>.
/// </remarks>
public static unsafe class GeluTanh
{
    private const int PartFloats = 1 << 12;

    /// <summary>Applies the function to each number.</summary>
    /// <param name="input">x.</param>
    /// <param name="output">As long as the input; may be the input.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward(ReadOnlySpan<float> input, Span<float> output, int threads = 0)
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
            TIsa.Store(y + i, GeluTanhLanes<TIsa, TVector>.Of(TIsa.Load(x + i)));
        }

        if (i < count)
        {
            float* rest = stackalloc float[TIsa.Count];
            new Span<float>(rest, TIsa.Count).Clear();
            new ReadOnlySpan<float>(x + i, (int)(count - i)).CopyTo(new Span<float>(rest, TIsa.Count));
            TIsa.Store(rest, GeluTanhLanes<TIsa, TVector>.Of(TIsa.Load(rest)));
            new ReadOnlySpan<float>(rest, (int)(count - i)).CopyTo(new Span<float>(y + i, (int)(count - i)));
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
