using System.Runtime.Intrinsics;
using Tessera.Backends.Cpu.Emitted;
using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Kernels;
using Tessera.Backends.Cpu.Packing;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu;

/// <summary>
/// The kernels of one plan on one instruction set: two products, the softmax between them, and the packing of their operands.
/// </summary>
/// <param name="Scores">QK.</param>
/// <param name="Output">PV.</param>
/// <param name="Softmax">What stands between.</param>
/// <param name="Packer">Packing of rows.</param>
/// <param name="Map">Statistics of score tiles.</param>
/// <param name="VectorCount">Lanes of the row kernels.</param>
/// <param name="QueryOffset">What is added to codes of Q to make them unsigned; 0 for a float QK.</param>
internal sealed record KernelSet(
    TileProducts Scores, TileProducts Output, TileSoftmax Softmax, RowPacker Packer, MapRows Map, int VectorCount, int QueryOffset)
{
    /// <summary>Chooses the kernels of a recipe.</summary>
    /// <param name="recipe">Number formats.</param>
    /// <param name="keyBlock">Keys of a block, which scale groups of V must fit for an integer PV.</param>
    /// <param name="options">Instruction set.</param>
    public static KernelSet For(QuantizationRecipe recipe, int keyBlock, CpuOptions options) => options.EffectiveInstructionSet switch
    {
        CpuInstructionSet.Vector512 => Of<Isa512, Vector512<float>>(recipe, keyBlock, options),
        CpuInstructionSet.Vector256 => Of<Isa256, Vector256<float>>(recipe, keyBlock, options),
        _ => Of<Isa128, Vector128<float>>(recipe, keyBlock, options),
    };

    /// <inheritdoc/>
    public override string ToString() => $"QK {Scores.Name}, PV {Output.Name}";

    private static KernelSet Of<TIsa, TVector>(QuantizationRecipe recipe, int keyBlock, CpuOptions options)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        (TileProducts scores, int offset) = ScoreProducts<TIsa, TVector>(recipe, options);
        TileProducts output = OutputProducts<TIsa, TVector>(recipe, keyBlock, options);
        return new KernelSet(
            scores, output, SoftmaxOf<TIsa, TVector>(recipe.Probability, output.IsInteger), new RowPacker<TIsa, TVector>(),
            new MapRows<TIsa, TVector>(), TIsa.Count, offset);
    }

    // Integer QK needs one scale per row of Q and of K; scales per channel stay in the floats of the float product.
    private static bool HasRowScales(OperandFormat format) =>
        format.Format is NumberFormat.Int8 or NumberFormat.Int7 or NumberFormat.Int4
            && format.Granularity != QuantizationGranularity.PerChannel;

    private static (TileProducts Products, int Offset) ScoreProducts<TIsa, TVector>(QuantizationRecipe recipe, CpuOptions options)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        if (!HasRowScales(recipe.Query) || !HasRowScales(recipe.Key))
        {
            return (new TileProducts<TIsa, TVector, FloatProduct<TIsa, TVector>, ScoreTarget>($"float {TIsa.Count * 32}"), 0);
        }

        string bits = $"{TIsa.Count * 32}";
        bool narrowQuery = recipe.Query.Format != NumberFormat.Int8;
        int offset = recipe.Query.Format switch
        {
            NumberFormat.Int4 => 8,
            NumberFormat.Int7 => 64,
            _ => 128,
        };
        if (options.EffectiveEmittedVnni)
        {
            return (new EmittedTileProducts<ScoreTarget>("int8 vnni 512"), offset);
        }

        if (recipe.Key.Format == NumberFormat.Int4)
        {
            return narrowQuery
                ? (new TileProducts<TIsa, TVector, ShortProduct<TIsa, TVector, SevenBitSteps>, ScoreTarget>($"int4 {bits}"), offset)
                : (new TileProducts<TIsa, TVector, ShortProduct<TIsa, TVector, EightBitSteps>, ScoreTarget>($"int8 x int4 {bits}"), offset);
        }

        if (options.EffectiveVnni)
        {
            return (new TileProducts<Isa256, Vector256<float>, VnniProduct, ScoreTarget>("int8 vnni 256"), offset);
        }

        return narrowQuery
            ? (new TileProducts<TIsa, TVector, NarrowProduct<TIsa, TVector>, ScoreTarget>($"int7 x int8 {bits}"), offset)
            : (new TileProducts<TIsa, TVector, WideProduct<TIsa, TVector>, ScoreTarget>($"int8 widened {bits}"), offset);
    }

    private static TileProducts OutputProducts<TIsa, TVector>(QuantizationRecipe recipe, int keyBlock, CpuOptions options)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        string bits = $"{TIsa.Count * 32}";
        if (!recipe.Probability.Format.IsInteger() || !HasColumnScales(recipe.Value, keyBlock))
        {
            return new TileProducts<TIsa, TVector, FloatProduct<TIsa, TVector>, OutputTarget>($"float {bits}");
        }

        if (options.EffectiveEmittedVnni)
        {
            return new EmittedTileProducts<OutputTarget>("int8 vnni 512");
        }

        bool sevenBits = recipe.Probability.CodeOfOne <= 127;
        if (recipe.Value.Format == NumberFormat.Int4)
        {
            return sevenBits
                ? new TileProducts<TIsa, TVector, ShortProduct<TIsa, TVector, SevenBitSteps>, OutputTarget>($"int7 x int4 {bits}")
                : new TileProducts<TIsa, TVector, ShortProduct<TIsa, TVector, EightBitSteps>, OutputTarget>($"int8 x int4 {bits}");
        }

        if (options.EffectiveVnni)
        {
            return new TileProducts<Isa256, Vector256<float>, VnniProduct, OutputTarget>("int8 vnni 256");
        }

        return sevenBits
            ? new TileProducts<TIsa, TVector, NarrowProduct<TIsa, TVector>, OutputTarget>($"int7 x int8 {bits}")
            : new TileProducts<TIsa, TVector, WideProduct<TIsa, TVector>, OutputTarget>($"int8 widened {bits}");
    }

    // Integer PV needs scales that are constant over the keys of a segment: a block of keys, or a whole number of equal parts of it.
    private static bool HasColumnScales(OperandFormat format, int keyBlock) =>
        format.Format is NumberFormat.Int8 or NumberFormat.Int7 or NumberFormat.Int4
        && format.Granularity == QuantizationGranularity.PerChannel
        && (format.Group <= 0 || format.Group % keyBlock == 0 || (keyBlock % format.Group == 0 && format.Group % 4 == 0));

    private static TileSoftmax SoftmaxOf<TIsa, TVector>(ProbabilityFormat format, bool bytes)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        bool truncates = format.Rounding == CodeRounding.TowardZero;
        return format.Format switch
        {
            NumberFormat.Float32 => new TileSoftmax<TIsa, TVector, UnroundedProbability<TIsa, TVector>>(format),
            NumberFormat.Float16 => new TileSoftmax<TIsa, TVector, NarrowFloatProbability<TIsa, TVector, NarrowBinary16>>(format),
            NumberFormat.BFloat16 => new TileSoftmax<TIsa, TVector, NarrowFloatProbability<TIsa, TVector, NarrowBFloat16>>(format),
            NumberFormat.Float8E4M3 => new TileSoftmax<TIsa, TVector, NarrowFloatProbability<TIsa, TVector, NarrowE4M3>>(format),
            NumberFormat.Float8E5M2 => new TileSoftmax<TIsa, TVector, NarrowFloatProbability<TIsa, TVector, NarrowE5M2>>(format),
            _ when bytes && truncates => new TileSoftmax<TIsa, TVector, TruncatedByteProbability<TIsa, TVector>>(format),
            _ when bytes => new TileSoftmax<TIsa, TVector, NearestByteProbability<TIsa, TVector>>(format),
            _ when truncates => new TileSoftmax<TIsa, TVector, TruncatedIntegerProbability<TIsa, TVector>>(format),
            _ => new TileSoftmax<TIsa, TVector, NearestIntegerProbability<TIsa, TVector>>(format),
        };
    }
}
