namespace Tessera.TestKit;

/// <summary>
/// How many mutations a fuzz test tries: its own small number, or <c>TESSERA_FUZZ</c> for a long run by hand. Each long run takes another seed.
/// </summary>
public static class FuzzCount
{
    public static int Or(int count) => Requested ?? count;

    public static int Seed(int seed) => Requested is { } requested ? seed + requested : seed;

    private static int? Requested => int.TryParse(Environment.GetEnvironmentVariable("TESSERA_FUZZ"), out int count) && count > 0 ? count : null;
}
