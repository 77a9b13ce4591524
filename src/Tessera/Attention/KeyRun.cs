namespace Tessera.Attention;

/// <summary>
/// A stretch of keys that some of up to 64 sampled query rows see: from <paramref name="Start"/> to the start of the next run, or to the
/// last key. A list of them, ascending and from key 0, is a mask for <see cref="IAttentionMapReader.ReadRows"/>.
/// </summary>
/// <param name="Start">First key, in natural token order.</param>
/// <param name="Rows">Bit r is set when row r of the sample sees these keys.</param>
public readonly record struct KeyRun(int Start, ulong Rows);
