namespace Tessera.Neural.Checkpoints;

/// <summary>What a model asks of its checkpoint: a tensor of this name and shape, of any floating-point type.</summary>
/// <param name="Name">Name in the model's own naming; see <see cref="KeyTable"/>.</param>
/// <param name="Shape">Extents, outermost first.</param>
public sealed record TensorSpecification(string Name, params IReadOnlyList<long> Shape)
{
    /// <summary>Product of the shape.</summary>
    public long ElementCount => Shape.Aggregate(1L, static (product, extent) => checked(product * extent));

    /// <inheritdoc/>
    public override string ToString() => $"{Name} [{string.Join(", ", Shape)}]";
}
