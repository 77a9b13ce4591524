namespace Tessera.Cli.Inputs;

/// <summary>A tensor as read.</summary>
/// <param name="Name">Name in its file.</param>
/// <param name="Shape">Extents, outermost first.</param>
/// <param name="Values">Row-major values as float32.</param>
internal sealed record NamedTensor(string Name, int[] Shape, float[] Values)
{
    public override string ToString() => $"{Name} [{string.Join(", ", Shape)}]";
}
