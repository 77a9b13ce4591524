using Tessera.Masks;

namespace Tessera.Cuda.Planning;

/// <summary>Whether a mask functor is known to treat all sequences and heads alike, so that its bits are written down once.</summary>
internal static class MaskUniformity
{
    /// <summary>Built-in functors look at tokens only; a caller's own may look at anything.</summary>
    public static bool IsUniform(MaskPredicate predicate) => IsUniform(predicate.Mod.GetType());

    private static bool IsUniform(Type functor) =>
        functor.Assembly == typeof(BlockMask).Assembly && functor.GenericTypeArguments.All(IsUniform);
}
