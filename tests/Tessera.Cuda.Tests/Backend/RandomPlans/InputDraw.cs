using Tessera.Attention;
using Tessera.Quantization;
using Tessera.TestKit;

namespace Tessera.Cuda.Tests.Backend.RandomPlans;

/// <summary>Inputs that are easy for nobody: outliers, constants, zeros, magnitudes at the ends of what may come.</summary>
internal sealed class InputDraw
{
    private static readonly string[] Kinds =
        ["normal", "normal", "biased", "biased", "outliers", "constant values", "no queries", "nothing", "sharp", "huge values", "tiny", "opposite magnitudes", "equal keys"];

    private static readonly NumberFormat[] Formats = [NumberFormat.Float32, NumberFormat.Float32, NumberFormat.BFloat16, NumberFormat.Float16];

    private readonly string _kind;
    private readonly NumberFormat[] _formats;

    public InputDraw(AttentionShape shape, Random random)
    {
        _kind = Kinds[random.Next(Kinds.Length)];
        int seed = random.Next();
        SeededInputs inputs = _kind == "biased" ? SeededInputs.Biased(shape, seed) : SeededInputs.Normal(shape, seed);
        Shape(inputs, random);
        _formats = [.. Enumerable.Range(0, 3).Select(_ => Formats[random.Next(Formats.Length)])];
        Narrow = new NarrowInputs(inputs, Wide(_formats[0]), Wide(_formats[1]), Wide(_formats[2]));
    }

    /// <summary>Q, K and V in the formats drawn.</summary>
    public NarrowInputs Narrow { get; }

    /// <summary>Whether no element of V rounds to infinity in binary16.</summary>
    public bool FitsBinary16 => _kind != "huge values";

    /// <inheritdoc/>
    public override string ToString() => $"{_kind} as {string.Join("/", _formats.Select(Wide))}";

    // binary16 ends at 65504.
    private NumberFormat Wide(NumberFormat format) =>
        format == NumberFormat.Float16 && _kind is "huge values" or "tiny" or "opposite magnitudes" ? NumberFormat.BFloat16 : format;

    private void Shape(SeededInputs inputs, Random random)
    {
        switch (_kind)
        {
            case "outliers":
                foreach (float[] operand in (float[][])[inputs.Query, inputs.Key, inputs.Value])
                {
                    for (int i = 0; i < operand.Length; i += 1 + random.Next(200))
                    {
                        operand[i] *= 10;
                    }
                }

                break;
            case "constant values":
                Array.Fill(inputs.Value, 0.37f);
                break;
            case "no queries":
                Array.Clear(inputs.Query);
                break;
            case "nothing":
                Array.Clear(inputs.Query);
                Array.Clear(inputs.Key);
                Array.Clear(inputs.Value);
                break;
            case "sharp":
                Multiply(inputs.Query, 12);
                break;
            case "huge values":
                Multiply(inputs.Value, 1e30f);
                break;
            case "tiny":
                Multiply(inputs.Query, 1e-33f);
                Multiply(inputs.Value, 1e-20f);
                break;
            case "opposite magnitudes":
                Multiply(inputs.Query, 1e25f);
                Multiply(inputs.Key, 1e-25f);
                break;
            case "equal keys":
                for (int i = inputs.Shape.HeadDim; i < inputs.Key.Length; i++)
                {
                    inputs.Key[i] = inputs.Key[i - inputs.Shape.HeadDim];
                }

                break;
        }
    }

    private static void Multiply(float[] values, float factor)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] *= factor;
        }
    }
}
