using System.Text.Json;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Pipeline;
using Tessera.Wan.Sampling;

namespace Tessera.Wan.Tests.Pipeline;

/// <summary>The recorded run of the reference pipeline; every number comes from its files.</summary>
internal sealed class PipelineFixture : IDisposable
{
    public const string Folder = "wan/pipeline_tiny";
    public const string RunFile = $"{Folder}/run.json";

    private readonly JsonElement _run = Text.TokenizerCases.Read(Path.Combine(TestRoots.Fixtures, RunFile));

    public SafetensorsFile Expected { get; } = SafetensorsFile.Open(ExpectedPath);

    public static string ExpectedPath => Path.Combine(TestRoots.Fixtures, Folder, "expected.safetensors");

    public WanOptions Options => new() { TextLength = _run.GetProperty("text_len").GetInt32() };

    public int Steps => _run.GetProperty("steps").GetInt32();

    /// <summary>The recorded request, from the recorded noise.</summary>
    public GenerationRequest Request => new(_run.GetProperty("prompt").GetString()!)
    {
        NegativePrompt = _run.GetProperty("negative_prompt").GetString()!,
        FrameCount = _run.GetProperty("frames").GetInt32(),
        Height = _run.GetProperty("height").GetInt32(),
        Width = _run.GetProperty("width").GetInt32(),
        StepCount = Steps,
        FlowShift = _run.GetProperty("shift").GetDouble(),
        GuidanceScale = _run.GetProperty("guidance_scale").GetDouble(),
        Solver = Solver.UniPc,
        NoisePath = ExpectedPath,
    };

    public static string Checkpoint(string layout) => Path.Combine(TestRoots.Fixtures, Folder, layout);

    public WanPipeline Load(string layout, GenerationProbe? probe = null) => WanPipeline.Load(Checkpoint(layout), Options, probe);

    public void Dispose() => Expected.Dispose();
}
