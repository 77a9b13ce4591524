using Tessera.Wan.Initialization;
using Tessera.Wan.Pipeline;

namespace Tessera.Wan.Tests.Pipeline;

/// <summary>A random model of some megabytes, written once for all tests, and a request that it answers in a fraction of a second.</summary>
public sealed class TinyModel : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-tiny-").FullName;

    public TinyModel() => new RandomCheckpoint(WanModelSizes.Tiny, seed: 11).Write(Checkpoint);

    public string Checkpoint => Path.Combine(_folder, "model");

    /// <summary>2 x 4 x 6 tokens, both passes of the guidance.</summary>
    public static GenerationRequest Request => new("a red fox in snow")
    {
        Width = 96,
        Height = 64,
        FrameCount = 5,
        StepCount = 4,
        Seed = 7,
    };

    public string NewFolder() => Directory.CreateDirectory(Path.Combine(_folder, Guid.NewGuid().ToString("n"))).FullName;

    internal WanPipeline Load(WanOptions? options = null, GenerationProbe? probe = null) =>
        WanPipeline.Load(Checkpoint, options ?? new WanOptions(), probe);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
