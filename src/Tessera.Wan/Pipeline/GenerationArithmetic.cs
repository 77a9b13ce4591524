using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Neural.Products;
using Tessera.Wan.SelfAttention;

namespace Tessera.Wan.Pipeline;

/// <summary>
/// What the last bits of a latent depend on beside the request: two processes of equal arithmetic give equal bytes to equal requests. The
/// number of threads, the sizes of caches and whether 8-bit products are emitted code are no part of it.
/// </summary>
public sealed record GenerationArithmetic
{
    private const float Step = 1.1920929e-7f;

    /// <summary>Version of the program, and a hash of what was compiled.</summary>
    public required string Program { get; init; }

    /// <summary>Processor architecture.</summary>
    public required string Architecture { get; init; }

    /// <summary>Width of vectors, in the order of whose lanes sums are taken, and whether multiply-adds round once.</summary>
    public required string Vectors { get; init; }

    /// <summary>Formats and instructions of products with weights.</summary>
    public required string Products { get; init; }

    /// <summary>Backends of self-attention, first that of dense steps.</summary>
    public required string Attention { get; init; }

    /// <summary>The arithmetic of this process.</summary>
    /// <param name="kernels">What runs attention plans.</param>
    /// <param name="precision">Of products.</param>
    /// <param name="plans">Plans that stand for those of the generation: a dense one, and one in the formats of sparse steps.</param>
    internal static GenerationArithmetic OfThisProcess(
        KernelSettings kernels, ProductPrecision precision, params ReadOnlySpan<AttentionPlan> plans)
    {
        List<string> backends = [];
        foreach (AttentionPlan plan in plans)
        {
            string backend = BackendOf(kernels, plan);
            if (!backends.Contains(backend))
            {
                backends.Add(backend);
            }
        }

        return new GenerationArithmetic
        {
            Program = $"{GenerationRecording.Version}, build {Build}",
            Architecture = RuntimeInformation.ProcessArchitecture.ToString(),
            Vectors = $"{Bits(CpuOptions.Default)}{(RoundsOnce ? "" : ", multiply-adds rounded twice")}",
            Products = precision == ProductPrecision.Float32 ? "float32"
                : MatrixProduct.BFloat16Fault is null ? "bfloat16 by vdpbf16ps" : "bfloat16 by float32 instructions",
            Attention = string.Join(", ", backends),
        };
    }

    /// <summary>In words what differs, of this arithmetic and a later one.</summary>
    internal IReadOnlyList<string> DifferencesTo(GenerationArithmetic later)
    {
        (string Name, string Was, string Is)[] all =
        [
            ("program", Program, later.Program), ("architecture", Architecture, later.Architecture), ("vectors", Vectors, later.Vectors),
            ("products", Products, later.Products), ("attention", Attention, later.Attention),
        ];
        return [.. all.Where(static part => part.Was != part.Is).Select(static part => $"{part.Name} '{part.Was}', now '{part.Is}'")];
    }

    /// <summary>Module versions of deterministic builds are hashes of what was compiled.</summary>
    private static string Build { get; } = Convert.ToHexStringLower(SHA256.HashData(
        [
            .. new[] { typeof(GenerationArithmetic), typeof(MatrixProduct), typeof(CpuBackend) }
                .SelectMany(static type => type.Module.ModuleVersionId.ToByteArray()),
        ]))[..8];

    // (1 + e)(1 - e) - 1 is -e^2 when it is rounded once; the product by itself rounds to 1.
    private static bool RoundsOnce { get; } = Vector128.MultiplyAddEstimate(
        Vector128.Create(1 + Step), Vector128.Create(1 - Step), Vector128.Create(-1f))[0] != 0;

    private static string BackendOf(KernelSettings kernels, AttentionPlan plan)
    {
        try
        {
            IAttentionBackend backend = kernels.Backends.Select(kernels.Backend, plan).Backend;
            return backend is CpuBackend cpu ? $"{cpu.Name} with {Bits(cpu.Options)}" : backend.Name;
        }
        catch (BackendUnavailableException)
        {
            // The generation will say so where it gets to it.
            return "none";
        }
    }

    private static string Bits(CpuOptions options) => options.EffectiveInstructionSet switch
    {
        CpuInstructionSet.Vector512 => "512 bits",
        CpuInstructionSet.Vector256 => "256 bits",
        _ => "128 bits",
    };
}
