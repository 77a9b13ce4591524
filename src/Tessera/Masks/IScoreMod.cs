namespace Tessera.Masks;

/// <summary>FlexAttention's <c>score_mod</c> as a struct functor: changes a score after scaling and before the softmax.</summary>
public interface IScoreMod
{
    /// <summary>The changed score. <paramref name="score"/> is scale * (q . k) in natural units.</summary>
    float Apply(float score, TokenPair pair);
}
