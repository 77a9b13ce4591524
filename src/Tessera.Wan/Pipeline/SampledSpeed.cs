using System.Diagnostics;
using System.Runtime.InteropServices;
using Tessera.Neural.Layers;
using Tessera.Neural.Products;
using Tessera.Numerics;
using Tessera.Serialization;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.Pipeline;

/// <summary>
/// The speed of this machine at the layers of a model, measured when it is first asked for: products and norms of a sample of rows at the
/// layers' own widths, and decoding of a small latent. Some seconds for a model of billions of weights.
/// </summary>
internal sealed class SampledSpeed(IVideoCodec codec, int threads) : MachineSpeed(PeakOf(threads), AttentionOf(threads))
{
    // Beyond a third-level cache, as weights of a model are; columns are left out where a matrix is larger.
    private const int MostWeights = 1 << 25;
    private const int MostRows = 1024;
    private const double MostOperations = 4e10;
    private const int FewestRows = 264;
    private const int Rounds = 3;
    private const int RowNumbers = 1 << 22;
    private static readonly LatentShape SampleLatent = new(2, 8, 8);

    private readonly Dictionary<(int Rows, int Inner, int Columns, ProductPrecision Precision), double> _products = [];
    private readonly Dictionary<int, double> _rows = [];
    private double _decoding;

    internal override string ProductBasis => "sample, measured";

    internal override string DecodeBasis => $"decoding of {SampleLatent.Frames}x{SampleLatent.Height}x{SampleLatent.Width}, measured";

    public override double ProductRate(int rows, int inner, int columns, ProductPrecision precision)
    {
        columns = Math.Min(columns, Math.Max(1, MostWeights / inner));
        int most = (int)Math.Max(FewestRows, MostOperations / (2.0 * inner * columns));
        rows = Math.Min(rows, Math.Min(most, MostRows));
        ref double rate = ref CollectionsMarshal.GetValueRefOrAddDefault(_products, (rows, inner, columns, precision), out bool isKnown);
        if (!isKnown)
        {
            rate = 2.0 * rows * inner * columns / ProductSeconds(rows, inner, columns, precision);
        }

        return rate;
    }

    public override double RowRate(int width)
    {
        ref double rate = ref CollectionsMarshal.GetValueRefOrAddDefault(_rows, width, out bool isKnown);
        if (!isKnown)
        {
            int rows = Math.Max(1, RowNumbers / width);
            RmsNorm norm = new(StoredTensor.FromValues<float>("sample", [width], Filled(width, 1f)), 1e-6f);
            float[] input = Filled((long)rows * width, 0.5f);
            float[] output = new float[input.Length];
            rate = 2.0 * sizeof(float) * input.Length / Best(() => norm.Forward(input, output, threads));
        }

        return rate;
    }

    public override double DecodeRate(LatentShape latent)
    {
        if (_decoding == 0)
        {
            float[] sample = new float[SampleLatent.Length];
            VideoCodecOptions options = new() { Threads = threads };
            double seconds = Best(() => codec.Decode(sample, SampleLatent, static (in VideoFrameGroup _) => { }, options));
            _decoding = codec.CountExecutedOperations(SampleLatent) / seconds;
        }

        return _decoding;
    }

    private double ProductSeconds(int rows, int inner, int columns, ProductPrecision precision)
    {
        StoredTensor weight = StoredTensor.FromValues<BFloat16>(
            "sample", [columns, inner], Filled((long)columns * inner, (BFloat16)0.01f));
        float[] input = Filled((long)rows * inner, 0.5f);
        float[] output = new float[(long)rows * columns];
        return Best(() => MatrixProduct.Multiply(
            input, rows, weight, default, default(Activated<NoActivation>), output, threads, precision: precision));
    }

    /// <summary>The shortest of some runs behind one that compiles code and touches memory.</summary>
    private static double Best(Action work)
    {
        work();
        double best = double.PositiveInfinity;
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            work();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    private static T[] Filled<T>(long length, T value)
    {
        T[] values = new T[length];
        Array.Fill(values, value);
        return values;
    }
}
