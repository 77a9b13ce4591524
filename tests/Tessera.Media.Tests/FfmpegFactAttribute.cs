using Tessera.Media.Ffmpeg;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Media.Tests;

/// <summary>A fact that needs ffmpeg, and a recorded file when one is named: skipped with the reason when one is missing, failing loudly in CI.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FfmpegFactAttribute : FactAttribute
{
    public FfmpegFactAttribute(string? relativePath = null)
    {
        RelativePath = relativePath;
        if (TestRoots.IsContinuousIntegration)
        {
            return;
        }

        if (!FfmpegTools.Find().IsAvailable)
        {
            Skip = "ffmpeg and ffprobe are not on PATH.";
        }
        else if (relativePath is not null)
        {
            Skip = TestRoots.MissingReason(Path.Combine(TestRoots.Data, relativePath));
        }
    }

    public string? RelativePath { get; }
}
