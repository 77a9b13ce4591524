namespace Tessera.Neural.Checkpoints;

/// <summary>
/// Two namings of the same tensors, a row for each kind of tensor: how the model calls it and how a file does. In a row <c>#</c> stands
/// for a number and <c>*</c> for one word such as <c>weight</c>; both sides hold the same ones in the same order. Immutable.
/// </summary>
/// <remarks>A name that no row matches stays as it is, so it shows up under its own name as a tensor too many.</remarks>
public sealed class KeyTable
{
    private const char Separator = '.';
    private const string Number = "#";
    private const string Word = "*";

    private readonly (string[] Model, string[] File)[] _rows;
    private readonly (string[] Model, string[] File)[] _aliases;

    /// <summary>Makes a table.</summary>
    /// <param name="name">Name of the file layout, for messages.</param>
    /// <param name="rows">Names of the model and of the file.</param>
    /// <param name="aliases">Further names of files, used only where the name of the row is absent.</param>
    /// <param name="prefix">What stands before every name of the file.</param>
    /// <exception cref="ArgumentException">The two sides of a row hold other numbers and words.</exception>
    public KeyTable(
        string name, IEnumerable<(string Model, string File)> rows, IEnumerable<(string Model, string File)>? aliases = null,
        string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(rows);
        Name = name;
        Prefix = prefix;
        _rows = [.. rows.Select(Split)];
        _aliases = [.. (aliases ?? []).Select(Split)];
    }

    /// <summary>Name of the file layout.</summary>
    public string Name { get; }

    /// <summary>What stands before every name of the file; it is stripped where it does.</summary>
    public string Prefix { get; }

    /// <summary>A table that leaves names as they are.</summary>
    /// <param name="name">Name of the file layout.</param>
    /// <param name="prefix">What stands before every name of the file.</param>
    public static KeyTable Identity(string name, string prefix = "") => new(name, [], prefix: prefix);

    /// <summary>How the model calls a tensor of a file.</summary>
    /// <param name="fileKey">Name in the file.</param>
    /// <param name="isAlias">Whether the name is an alias: another name of the same tensor is preferred.</param>
    public string ToModel(string fileKey, out bool isAlias)
    {
        ArgumentNullException.ThrowIfNull(fileKey);
        string[] key = (fileKey.StartsWith(Prefix, StringComparison.Ordinal) ? fileKey[Prefix.Length..] : fileKey).Split(Separator);
        isAlias = false;
        if (Find(key, _rows, static row => row.File, static row => row.Model) is { } found)
        {
            return found;
        }

        string? alias = Find(key, _aliases, static row => row.File, static row => row.Model);
        isAlias = alias is not null;
        return alias ?? string.Join(Separator, key);
    }

    /// <summary>How a file calls a tensor of the model.</summary>
    public string ToFile(string modelKey)
    {
        ArgumentNullException.ThrowIfNull(modelKey);
        return Prefix + (Find(modelKey.Split(Separator), _rows, static row => row.Model, static row => row.File) ?? modelKey);
    }

    private static string? Find(
        string[] key, (string[] Model, string[] File)[] rows, Func<(string[] Model, string[] File), string[]> from,
        Func<(string[] Model, string[] File), string[]> to)
    {
        foreach ((string[], string[]) row in rows)
        {
            if (Matches(key, from(row)))
            {
                return Rewrite(key, from(row), to(row));
            }
        }

        return null;
    }

    private static bool Matches(string[] key, string[] pattern)
    {
        bool matches = key.Length == pattern.Length;
        for (int i = 0; i < key.Length && matches; i++)
        {
            matches = pattern[i] switch
            {
                Number => key[i].Length is > 0 and < 7 && key[i].All(char.IsAsciiDigit),
                Word => key[i].Length > 0,
                _ => pattern[i] == key[i],
            };
        }

        return matches;
    }

    private static string Rewrite(string[] key, string[] from, string[] to)
    {
        Queue<string> captured = new(key.Where((_, i) => from[i] is Number or Word));
        return string.Join(Separator, to.Select(part => part is Number or Word ? captured.Dequeue() : part));
    }

    private static (string[] Model, string[] File) Split((string Model, string File) row)
    {
        string[] model = row.Model.Split(Separator);
        string[] file = row.File.Split(Separator);
        return model.Where(static part => part is Number or Word).SequenceEqual(file.Where(static part => part is Number or Word))
            ? (model, file)
            : throw new ArgumentException($"'{row.Model}' and '{row.File}' hold other numbers and words.", nameof(row));
    }
}
