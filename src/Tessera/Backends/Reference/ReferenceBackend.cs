using Tessera.Attention;

namespace Tessera.Backends.Reference;

/// <summary>
/// The specification: attention in double precision with plain loops. Every other backend is tested against it. It runs every plan, as
/// slowly as its clarity demands (about 4 D + 20 operations a visible pair; a few million pairs a second and core).
/// </summary>
public sealed class ReferenceBackend : IAttentionBackend
{
    private ReferenceBackend()
    {
    }

    /// <summary>The backend; it holds no state.</summary>
    public static ReferenceBackend Shared { get; } = new();

    /// <inheritdoc/>
    public string Name => "reference";

    /// <inheritdoc/>
    public BackendSupport Supports(AttentionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return BackendSupport.Yes("double precision, plain loops");
    }

    /// <inheritdoc/>
    public IAttentionKernel Compile(AttentionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        plan.Validate();
        return new ReferenceKernel(plan);
    }
}
