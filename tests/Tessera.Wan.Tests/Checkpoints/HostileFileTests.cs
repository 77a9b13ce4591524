using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Tessera.Serialization;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Text;
using Tessera.Wan.TinyAutoencoder;
using Xunit;

namespace Tessera.Wan.Tests.Checkpoints;

/// <summary>
/// Every opener of Wan2.1 given every kind of file that is not what it should be: one exception of the kind that callers catch, in one line,
/// that names the file.
/// </summary>
public sealed class HostileFileTests : IDisposable
{
    private static readonly Dictionary<string, Action<string>> Openers = new()
    {
        ["transformer"] = static path => WanWeights.OpenTransformer(path).Weights.Dispose(),
        ["text encoder"] = static path => WanWeights.OpenTextEncoder(path).Weights.Dispose(),
        ["autoencoder"] = static path => WanWeights.OpenVae(path).Weights.Dispose(),
        ["tiny autoencoder"] = static path => TinyVae.Open(path).Dispose(),
        ["tokenizer"] = static path => PromptTokenizer.Load(path),
        ["transformer's configuration"] = static path => WanTransformerConfig.Read(path),
        ["text encoder's configuration"] = static path => Umt5Config.Read(path),
        ["autoencoder's configuration"] = static path => WanVaeConfig.Read(path),
    };

    private static readonly Dictionary<string, (byte[] Content, string Weights)> Contents = new()
    {
        ["empty"] = ([], "empty"),
        ["seven bytes"] = (new byte[7], "7 bytes are too few"),
        ["header beyond the file"] = ([.. Number(1000), .. "{}"u8], "the header length is 1000"),
        ["header of 2^63"] = ([.. Number(1L << 62), .. "{}"u8], "the header length is"),
        ["header without tensors"] = ([.. Number(2), .. "{}"u8], "no "),
        ["header that is no object"] = ([.. Number(2), .. "[]"u8], ""),
        ["deep nesting"] = ([.. Number(20_000), .. Encoding.ASCII.GetBytes(new string('[', 20_000))], ""),
        ["cut off"] = (Cut(), "but the file holds only 277"),
        ["page of a server"] = (Encoding.UTF8.GetBytes("<!DOCTYPE html><html><body>404: not found</body></html>"), ""),
        ["large file pointer"] = (
            Encoding.UTF8.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 11361845432\n"), "git lfs pull"),
        ["pickle that calls a function"] = (Archive("cposix\nsystem\n(S'true'\ntR."u8.ToArray()), "nothing was executed"),
        ["archive without a pickle"] = (Archive(null), "0 entries named data.pkl"),
        ["noise"] = (Noise(), ""),
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-hostile-").FullName;

    public static TheoryData<string, string> Cases
    {
        get
        {
            TheoryData<string, string> cases = [];
            foreach (string opener in Openers.Keys)
            {
                foreach (string content in Contents.Keys)
                {
                    cases.Add(opener, content);
                }
            }

            return cases;
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Files_that_are_something_else_are_refused_in_one_line(string opener, string content)
    {
        (byte[] bytes, string wanted) = Contents[content];
        string path = Path.Combine(_folder, opener.Contains("config", StringComparison.Ordinal) ? "config.json" : "weights.safetensors");
        File.WriteAllBytes(path, bytes);
        string message = Refusal(opener, path);
        if (Openers.Keys.Take(4).Contains(opener))
        {
            Assert.Contains(wanted, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Paths_that_are_no_files_are_refused_by_every_opener()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "folder.safetensors")).FullName;
        string loop = Path.Combine(_folder, "loop.safetensors");
        string back = Path.Combine(_folder, "back.safetensors");
        string dangling = Path.Combine(_folder, "dangling.safetensors");
        File.CreateSymbolicLink(loop, back);
        File.CreateSymbolicLink(back, loop);
        File.CreateSymbolicLink(dangling, Path.Combine(_folder, "gone"));
        foreach (string opener in Openers.Keys)
        {
            Assert.All((string[])[folder, loop, dangling, Path.Combine(_folder, "none")], path => Refusal(opener, path));
        }
    }

    /// <summary>Devices and pipes have no length; opening a pipe without a writer would wait for ever.</summary>
    [Fact]
    public void Devices_and_pipes_are_refused_without_waiting()
    {
        if (OperatingSystem.IsLinux())
        {
            string pipe = Path.Combine(_folder, "pipe.safetensors");
            using (System.Diagnostics.Process made = System.Diagnostics.Process.Start("mkfifo", [pipe]))
            {
                made.WaitForExit();
            }

            foreach (string opener in Openers.Keys)
            {
                Assert.All((string[])["/dev/zero", pipe], path => Refusal(opener, path));
            }
        }
    }

    [Fact]
    public void Indexes_that_lead_elsewhere_or_in_circles_are_refused()
    {
        string index = Path.Combine(_folder, $"model{SafetensorsShards.IndexSuffix}");
        File.CreateSymbolicLink(Path.Combine(_folder, "self.safetensors"), Path.Combine(_folder, "self.safetensors"));
        Directory.CreateDirectory(Path.Combine(_folder, "folder"));
        foreach ((string file, string wanted) in new[]
        {
            ("self.safetensors", "self.safetensors"), ("folder", "missing"), ($"model{SafetensorsShards.IndexSuffix}", "header length"),
            ("../weights.safetensors", "plain name"), ("none.safetensors", "missing"),
        })
        {
            File.WriteAllText(index, $"{{\"weight_map\":{{\"blocks.0.self_attn.q.weight\":\"{file}\"}}}}");
            Assert.All(Openers.Take(4), opener =>
            {
                IOException error = Assert.ThrowsAny<IOException>(() => opener.Value(index));
                Assert.Contains(wanted, error.Message, StringComparison.Ordinal);
                Assert.Contains(_folder, error.Message, StringComparison.Ordinal);
            });
        }
    }

    private static string Refusal(string opener, string path)
    {
        Exception? error = Record.Exception(() => Openers[opener](path));
        Assert.True(error is IOException, $"{opener} of {path}: {error}");
        Assert.DoesNotContain('\n', error.Message);
        Assert.Contains(Path.GetFileName(path), error.Message, StringComparison.Ordinal);
        return error.Message;
    }

    private static byte[] Number(long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Cut()
    {
        SafetensorsWriter writer = new();
        writer.Add<float>("blocks.0.self_attn.q.weight", [100], new float[100]);
        using MemoryStream stream = new();
        writer.Write(stream);
        return stream.ToArray()[..^123];
    }

    private static byte[] Noise()
    {
        byte[] bytes = new byte[4096];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Archive(byte[]? pickle)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            using Stream entry = zip.CreateEntry(pickle is null ? "archive/version" : "archive/data.pkl", CompressionLevel.NoCompression).Open();
            entry.Write(pickle ?? "3\n"u8.ToArray());
        }

        return stream.ToArray();
    }
}
