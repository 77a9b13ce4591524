using Tessera.Serialization;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

/// <summary>What a user can get wrong: one line that names it, the right exit code, and no file touched.</summary>
public sealed class InputErrorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _input;
    private readonly string _output;

    public InputErrorTests()
    {
        _input = TensorFile.Write(_folder.File("qkv.safetensors"), [2, 24, 16]);
        _output = _folder.File("out.safetensors");
        File.WriteAllText(_output, "precious");
    }

    public void Dispose()
    {
        // Whatever went wrong, an existing output keeps its contents and no temporary file stays.
        string kept = File.Exists(_output) ? File.ReadAllText(_output) : "";
        string[] leftovers = [.. _folder.Files.Where(static file => file.EndsWith(".tmp", StringComparison.Ordinal))];
        _folder.Dispose();
        Assert.Equal("precious", kept);
        Assert.Empty(leftovers);
    }

    [Fact]
    public void AWrongGridNamesBothCountsAndSuggestsText() =>
        Run("--grid", "2x2x5").FailedWith(2, "2x2x5 has 20 tokens", "have 24", "--text 4@front");

    [Fact]
    public void AGridWithWrongFramesSuggestsTheRightOnes() => Run("--grid", "5x2x3").FailedWith(2, "30 tokens", "have 24", "--grid 4x2x3");

    [Fact]
    public void SuperfluousTextIsRecognised() => Run("--grid", "4x2x3", "--text", "7@back").FailedWith(2, "31 tokens", "have 24", "leave --text out");

    [Fact]
    public void AMissingGridSaysWhatIsNeeded() => Run().FailedWith(1, "--grid is missing", "24 tokens");

    [Fact]
    public void AMalformedGridIsRefusedWhileParsing() => Run("--grid", "4x6").FailedWith(1, "4x6", "13x30x45");

    [Fact]
    public void TextWithoutGridOrPlacementIsRefused()
    {
        Run("--text", "4@front").FailedWith(1, "--text needs --grid");
        Run("--grid", "2x2x5", "--text", "4@middle").FailedWith(1, "4@middle", "226@front");
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void ANumberThatIsNotFiniteIsNamedWithItsPlace(float bad)
    {
        TensorFile.Write(_input, [2, 24, 16], values => values[(24 * 16) + (3 * 16) + 5] = bad);

        Run("--grid", "4x2x3").FailedWith(2, "'query'", $"{bad}", "[1, 3, 5]", "qkv.safetensors");
    }

    [Fact]
    public void AMissingTensorListsWhatTheFileHas()
    {
        SafetensorsWriter writer = new();
        writer.Add<float>("query", [1, 4, 16], new float[64]);
        writer.Add<float>("keys", [1, 4, 16], new float[64]);
        writer.Save(_input);

        Run("--grid", "1x2x2").FailedWith(2, "no tensor 'key' (or 'k')", "keys F32 [1, 4, 16]", "query F32 [1, 4, 16]");
    }

    [Fact]
    public void DifferentShapesAreNamed()
    {
        SafetensorsWriter writer = new();
        writer.Add<float>("query", [1, 4, 16], new float[64]);
        writer.Add<float>("key", [1, 6, 16], new float[96]);
        writer.Add<float>("value", [1, 6, 16], new float[96]);
        writer.Save(_input);

        Run("--grid", "1x2x2").FailedWith(2, "query [1, 4, 16]", "key [1, 6, 16]");
    }

    [Fact]
    public void AShapeOfWrongRankIsNamed()
    {
        TensorFile.Write(_input, [24, 16]);

        Run("--grid", "4x2x3").FailedWith(2, "[24, 16]", "[heads, tokens, channels]");
    }

    [Fact]
    public void MoreChannelsThanAHeadCanHaveAreRefused()
    {
        TensorFile.Write(_input, [1, 4, 257]);

        Run("--grid", "1x2x2").FailedWith(2, "257", "256");
    }

    [Theory]
    [InlineData(5)]
    [InlineData(100)]
    [InlineData(4000)]
    public void ATruncatedFileIsRefused(int length)
    {
        byte[] whole = File.ReadAllBytes(_input);
        Assert.True(length < whole.Length);
        File.WriteAllBytes(_input, whole[..length]);

        Run("--grid", "4x2x3").FailedWith(2, "qkv.safetensors");
    }

    [Fact]
    public void AnEmptyAndAMissingFileAndAFolderAreRefused()
    {
        File.WriteAllText(_folder.File("empty.safetensors"), "");
        RunOn(_folder.File("empty.safetensors")).FailedWith(2, "empty");
        RunOn(_folder.File("nothing.safetensors")).FailedWith(2, "nothing.safetensors", "does not exist");
        RunOn(_folder.Path).FailedWith(2, "is a folder");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-0.5")]
    [InlineData("1.5")]
    [InlineData("NaN")]
    [InlineData("half")]
    public void AnAbsurdDensityIsRefused(string density) => Run("--grid", "4x2x3", "--density", density).FailedWith(1, $"'{density}'", "above 0 and at most 1");

    [Fact]
    public void AnUnknownMethodListsTheKnownOnes() =>
        CommandRun.Of("attention", "run", "--input", _input, "--grid", "4x2x3", "--method", "magic", "--output", _output).FailedWith(1, "'magic'", "dense", "paro", "sparge");

    [Fact]
    public void AnUnknownRecipeListsTheKnownOnes() => Run("--grid", "4x2x3", "--quantization", "int3").FailedWith(1, "'int3'", "int8", "k4v4");

    [Fact]
    public void AnUnknownBackendIsRefusedAndCudaHasAReason()
    {
        Run("--grid", "4x2x3", "--backend", "tpu").FailedWith(1, "tpu", "cpu");
        Run("--grid", "4x2x3", "--backend", "cuda").FailedWith(3, "cuda: ");
        Run("--grid", "4x2x3", "--allow-unverified-kernels").FailedWith(1, "--allow-unverified-kernels goes with --backend cuda");
    }

    [Fact]
    public void AnUnwritableOutputIsToldBeforeAnyWork()
    {
        // The input is broken as well: that the output is named shows that it was looked at first.
        File.WriteAllText(_input, "broken");

        CommandRun.Of("attention", "run", "--input", _input, "--grid", "4x2x3", "--method", "dense", "--output", _folder.File("no/such/out.safetensors"))
            .FailedWith(2, "output", "does not exist");
    }

    [Fact]
    public void TheInputIsNeverTheOutput()
    {
        byte[] before = File.ReadAllBytes(_input);

        CommandRun.Of("attention", "run", "--input", _input, "--grid", "4x2x3", "--method", "dense", "--output", _input).FailedWith(2, "never overwritten");

        Assert.Equal(before, File.ReadAllBytes(_input));
    }

    [Fact]
    public void NumpyFilesComeInThrees() => RunOn(_folder.File("a.npy"), create: true).FailedWith(1, "1 .npy file", "query key value");

    [Fact]
    public void MadeHeadsAreOnlyForMadeInputs() => Run("--grid", "4x2x3", "--heads", "3").FailedWith(1, "--heads", "heads of its own");

    [Fact]
    public void ACancelledRunEndsWith130AndWritesNothing()
    {
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();

        CommandRun.Of(cancelled.Token, "attention", "run", "--input", _input, "--grid", "4x2x3", "--method", "dense", "--output", _output).FailedWith(130, "cancelled");
    }

    [Fact]
    public void ARunCancelledHalfwayEndsWith130AndWritesNothing()
    {
        // 48 million pairs in plain loops take many seconds; the token fires in the middle of them.
        using CancellationTokenSource cancelled = new(TimeSpan.FromMilliseconds(400));

        CommandRun.Of(
            cancelled.Token, "attention", "run", "--input", "structured", "--heads", "1", "--grid", "12x24x24", "--method", "dense", "--backend", "reference", "--output", _output)
            .FailedWith(130, "cancelled");
    }

    private CommandRun Run(params string[] more) => CommandRun.Of(["attention", "run", "--input", _input, "--method", "dense", "--output", _output, .. more]);

    private CommandRun RunOn(string input, bool create = false)
    {
        if (create)
        {
            File.WriteAllText(input, "");
        }

        return CommandRun.Of("attention", "run", "--input", input, "--grid", "4x2x3", "--method", "dense", "--output", _output);
    }
}
