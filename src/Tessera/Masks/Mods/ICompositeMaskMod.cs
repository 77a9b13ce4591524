namespace Tessera.Masks.Mods;

/// <summary>A functor made of others, seen from outside its type: what lets plan files take compositions apart.</summary>
internal interface ICompositeMaskMod
{
    /// <summary><c>and</c>, <c>or</c> or <c>not</c>.</summary>
    string Operator { get; }

    /// <summary>The first part.</summary>
    IMaskMod First { get; }

    /// <summary>The second part; null for <c>not</c>.</summary>
    IMaskMod? Second { get; }
}
