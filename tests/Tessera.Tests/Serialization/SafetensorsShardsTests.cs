using System.Text;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Serialization;

public sealed class SafetensorsShardsTests : IDisposable
{
    private const string Fixture = "wan/pipeline_tiny/diffusers/transformer/diffusion_pytorch_model.safetensors.index.json";
    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-shards-").FullName;

    public static TheoryData<string, string> HostileIndexes => new()
    {
        { "", "the file is empty" },
        { "[]", "no object 'weight_map'" },
        { "{}", "no object 'weight_map'" },
        { "{\"weight_map\":{}}", "'weight_map' is empty" },
        { "{\"weight_map\":{\"a\":1}}", "wanted the plain name of a file" },
        { "{\"weight_map\":{\"a\":\"../one\"}}", "'a' is mapped to \"../one\"; wanted the plain name" },
        { "{\"weight_map\":{\"a\":\"/etc/passwd\"}}", "wanted the plain name" },
        { "{\"weight_map\":{\"a\":\"..\"}}", "wanted the plain name" },
        { "{\"weight_map\":{\"a\":\"none.safetensors\"}}", "the file none.safetensors is missing" },
        { "{\"weight_map\":{\"a\":\"one\",\"a\":\"two\"}}", "not valid JSON" },
        { "{\"weight_map\":{\"a\":\"\\ud800\"}}", "not valid JSON" },
        { "{\"weight_map\":{\"a\":\"one\"}}", "'b' stands in one but not in the index" },
        { "{\"weight_map\":{\"a\":\"one\",\"b\":\"one\",\"c\":\"one\"}}", "'c' stands in the index but in no file" },
        { "{\"weight_map\":{\"a\":\"two\",\"b\":\"one\",\"c\":\"two\"}}", "'a' stands in one, the index says two" },
        { "{\"weight_map\":" + new string('[', 10_000), "not valid JSON" },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Tensors_of_all_files_are_found()
    {
        Write("one", "a", "b");
        Write("two", "c");
        using SafetensorsShards shards = SafetensorsShards.Open(Index("{\"metadata\":{\"total_size\":3},\"weight_map\":{\"c\":\"two\",\"a\":\"one\",\"b\":\"one\"}}"));
        Assert.Equal(["a", "b", "c"], shards.Tensors.Select(static tensor => tensor.Name));
        Assert.Equal([(float)'c'], shards.Tensor("c").ReadSingle());
        Assert.Contains("no tensor 'd'", Assert.Throws<TensorFormatException>(() => shards.Tensor("d")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(HostileIndexes))]
    public void Indexes_that_are_damaged_or_disagree_with_their_files_are_refused(string index, string wanted)
    {
        Write("one", "a", "b");
        Write("two", "c");
        TensorFormatException error = Assert.Throws<TensorFormatException>(() => SafetensorsShards.Open(Index(index)));
        Assert.Contains(wanted, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_disagreements_come_at_once_and_long_lists_are_counted()
    {
        Write("one", "a");
        string names = string.Join(',', Enumerable.Range(0, 500).Select(static i => $"\"t{i}\":\"f{i}\""));
        TensorFormatException error = Assert.Throws<TensorFormatException>(() => SafetensorsShards.Open(Index($"{{\"weight_map\":{{{names}}}}}")));
        Assert.Contains("the file f0 is missing; the file f1 is missing", error.Message, StringComparison.Ordinal);
        Assert.Contains("and 480 more", error.Message, StringComparison.Ordinal);
    }

    [DataFact(Fixture, isFixture: true)]
    public void A_recorded_sharded_checkpoint_opens()
    {
        using SafetensorsShards shards = SafetensorsShards.Open(Path.Combine(TestRoots.Fixtures, Fixture));
        Assert.NotEmpty(shards.Files);
        Assert.NotEmpty(shards.Tensors);
        Assert.All(shards.Tensors, tensor => Assert.Equal(tensor.ElementCount, shards.Tensor(tensor.Name).ReadSingle().Length));
    }

    [Fact]
    public void Damaged_indexes_give_the_one_exception_or_open()
    {
        Write("one", "a", "b");
        Write("two", "c");
        byte[] valid = Encoding.UTF8.GetBytes("{\"metadata\":{\"total_size\":3},\"weight_map\":{\"c\":\"two\",\"a\":\"one\",\"b\":\"one\"}}");
        ByteMutator mutator = new(FuzzCount.Seed(5));
        int count = FuzzCount.Or(1000);
        string path = Path.Combine(_folder, "model.safetensors.index.json");
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            File.WriteAllBytes(path, mutator.Mutate(valid));
            try
            {
                using SafetensorsShards shards = SafetensorsShards.Open(path);
            }
            catch (TensorFormatException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, count / 2, count - 1);
    }

    private string Index(string json)
    {
        string path = Path.Combine(_folder, "model.safetensors.index.json");
        File.WriteAllText(path, json);
        return path;
    }

    private void Write(string file, params string[] names)
    {
        SafetensorsWriter writer = new();
        foreach (string name in names)
        {
            writer.Add<float>(name, [1], new float[] { name[0] });
        }

        writer.Save(Path.Combine(_folder, file));
    }
}
