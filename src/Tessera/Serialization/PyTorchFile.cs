using Tessera.Serialization.PyTorch;

namespace Tessera.Serialization;

/// <summary>
/// A PyTorch file (<c>.pth</c>, <c>.pt</c>) as <c>torch.save</c> writes a state dictionary: a zip archive with a pickle that describes
/// tensors and one stored entry per storage. The file is mapped, tensors are read in place, and nothing in it is ever executed.
/// </summary>
/// <remarks>
/// Read are dictionaries of tensors with the opcodes and globals that describe tensors, and nothing else: any other opcode, global or
/// value is a <see cref="TensorFormatException"/> that names it. A tensor that is a strided view of its storage is gathered into memory
/// when it is asked for; a view with more elements than its storage is refused. Files from before PyTorch 1.6 are no archives and are
/// refused.
/// </remarks>
public sealed class PyTorchFile : ITensorSource
{
    private const string PickleName = "data.pkl";

    private readonly FileRegion _region;
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly List<TensorDescription> _tensors = [];

    private PyTorchFile(FileRegion region)
    {
        _region = region;
        if (!ZipDirectory.StartsLikeZip(region.Slice(0, (int)Math.Min(region.Length, ZipDirectory.SignatureLength))))
        {
            throw new TensorFormatException(
                $"{Source}: this is no zip archive; PyTorch before 1.6 wrote such files, so save it with torch.save again.");
        }

        ZipDirectory zip = ZipDirectory.Read(region);
        string[] pickles =
            [.. zip.Names.Where(static name => name == PickleName || name.EndsWith($"/{PickleName}", StringComparison.Ordinal))];
        if (pickles is not [{ } pickle])
        {
            throw new TensorFormatException($"{Source}: the archive holds {pickles.Length} entries named {PickleName}; wanted one.");
        }

        string top = pickle[..^PickleName.Length];
        RequireLittleEndian(zip, top);
        (long offset, long length) = zip.Find(pickle)!.Value;
        ReadOnlySpan<byte> bytes = region.Slice(offset, (int)Math.Min(length, PickleReader.MaximumLength + 1));
        if (PickleReader.Read(bytes, Source) is not PickleDictionary root)
        {
            throw new TensorFormatException($"{Source}: the pickle holds no dictionary of tensors; save model.state_dict().");
        }

        Describe(root, zip, top);
    }

    /// <inheritdoc/>
    public string Source => _region.Source;

    /// <summary>Tensors in the order of the dictionary.</summary>
    public IReadOnlyList<TensorDescription> Tensors => _tensors;

    /// <summary>Opens a file.</summary>
    /// <exception cref="TensorFormatException">The file is damaged, or holds anything but tensors; the message says what.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static PyTorchFile Open(string path) => Own(FileRegion.Map(path));

    /// <summary>Reads a file that is in memory already; the memory is pinned until disposal and must not change meanwhile.</summary>
    /// <param name="content">The whole file.</param>
    /// <param name="name">Name for messages.</param>
    /// <exception cref="TensorFormatException">The content is damaged, or holds anything but tensors; the message says what.</exception>
    public static PyTorchFile FromMemory(ReadOnlyMemory<byte> content, string name = "memory") => Own(FileRegion.Pin(content, name));

    /// <summary>Whether a file starts as PyTorch's archives do.</summary>
    /// <exception cref="TensorFormatException">It is empty, or no plain file.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static bool IsPyTorchFile(string path)
    {
        using FileStream stream = RegularFile.OpenRead(path);
        Span<byte> start = stackalloc byte[ZipDirectory.SignatureLength];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && ZipDirectory.StartsLikeZip(start);
    }

    /// <inheritdoc/>
    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <inheritdoc/>
    public StoredTensor Tensor(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!_entries.TryGetValue(name, out Entry? entry))
        {
            throw new TensorFormatException($"{Source}: there is no tensor '{name}' among the {_tensors.Count} tensors.");
        }

        return entry.IsDense
            ? new StoredTensor(entry.Description, _region, entry.Description.Offset)
            : new StoredTensor(entry.Description, FileRegion.Copy(Gather(entry), Source), 0);
    }

    /// <summary>Unmaps the file. Tensors handed out before are no longer valid.</summary>
    public void Dispose() => _region.Dispose();

    private static PyTorchFile Own(FileRegion region)
    {
        try
        {
            return new PyTorchFile(region);
        }
        catch
        {
            region.Dispose();
            throw;
        }
    }

    private void RequireLittleEndian(ZipDirectory zip, string top)
    {
        if (zip.Find($"{top}byteorder") is { } order
            && !_region.Slice(order.Offset, (int)Math.Min(order.Length, 6)).SequenceEqual("little"u8))
        {
            throw new TensorFormatException($"{Source}: the file was written by a big-endian machine; wanted a little-endian one.");
        }
    }

    private void Describe(PickleDictionary root, ZipDirectory zip, string top)
    {
        FaultList faults = new();
        foreach ((string name, object? value) in root.Items)
        {
            if (value is not PickleTensor tensor)
            {
                faults.Add($"'{FaultList.Shorten(name)}' is no tensor");
            }
            else if (Fault(tensor, zip, top, out long dataOffset) is { } fault)
            {
                faults.Add($"tensor '{FaultList.Shorten(name)}' {fault}");
            }
            else
            {
                TensorDataType type = tensor.Storage.ElementType;
                long elements = Product(tensor.Shape)!.Value;
                TensorDescription description = new(name, type, tensor.Shape, elements, dataOffset + (tensor.Offset * type.ByteSize()));
                if (!_entries.TryAdd(name, new Entry(description, tensor, IsDense(tensor, elements))))
                {
                    faults.Add($"the name '{FaultList.Shorten(name)}' occurs twice");
                }

                _tensors.Add(description);
            }
        }

        if (faults.Count > 0)
        {
            throw new TensorFormatException($"{Source}: {faults}.");
        }
    }

    private static string? Fault(PickleTensor tensor, ZipDirectory zip, string top, out long dataOffset)
    {
        dataOffset = 0;
        (PickleStorage storage, long offset, long[] shape, long[] stride) = tensor;
        string shown = string.Join(", ", shape.Take(8));
        if (shape.Length != stride.Length || shape.Length > 16 || offset < 0 || storage.Count < 0 || Product(shape) is not { } elements
            || stride.Any(static step => step < 0))
        {
            return $"has an impossible shape [{shown}], stride or offset";
        }

        Int128 last = offset - (elements == 0 ? 1 : 0);
        for (int i = 0; i < shape.Length && elements > 0; i++)
        {
            last += (Int128)(shape[i] - 1) * stride[i];
        }

        if (last >= storage.Count || elements > storage.Count)
        {
            return $"of shape [{shown}] exceeds its storage '{FaultList.Shorten(storage.Key)}' of {storage.Count} elements";
        }

        if (zip.Find($"{top}data/{storage.Key}") is not { } data)
        {
            return $"wants the storage '{FaultList.Shorten(storage.Key)}', which is not in the archive";
        }

        dataOffset = data.Offset;
        int size = storage.ElementType.ByteSize();
        return storage.Count <= data.Length / size
            ? null
            : $"wants {storage.Count} elements of {size} bytes in storage '{FaultList.Shorten(storage.Key)}', "
                + $"which has {data.Length} bytes";
    }

    private static long? Product(long[] shape)
    {
        long elements = 1;
        foreach (long extent in shape)
        {
            Int128 product = (Int128)elements * extent;
            if (extent < 0 || product > long.MaxValue / 8)
            {
                return null;
            }

            elements = (long)product;
        }

        return elements;
    }

    private static bool IsDense(PickleTensor tensor, long elements)
    {
        long step = 1;
        for (int i = tensor.Shape.Length - 1; i >= 0 && elements > 0; i--)
        {
            if (tensor.Shape[i] != 1 && tensor.Stride[i] != step)
            {
                return false;
            }

            step *= tensor.Shape[i];
        }

        return true;
    }

    private byte[] Gather(Entry entry)
    {
        TensorDescription description = entry.Description;
        int size = description.DataType.ByteSize();
        if (description.ByteLength > Array.MaxLength)
        {
            throw new TensorFormatException(
                $"{Source}: tensor '{description.Name}' is a strided view of {description.ByteLength} bytes, too many to gather; "
                    + "save it with .contiguous().");
        }

        byte[] bytes = new byte[description.ByteLength];
        long[] index = new long[description.Shape.Count];
        long element = 0;
        for (int at = 0; at < bytes.Length; at += size)
        {
            _region.Slice(description.Offset + (element * size), size).CopyTo(bytes.AsSpan(at));
            for (int axis = index.Length - 1; axis >= 0; axis--)
            {
                element += entry.View.Stride[axis];
                if (++index[axis] < entry.View.Shape[axis])
                {
                    break;
                }

                element -= entry.View.Stride[axis] * index[axis];
                index[axis] = 0;
            }
        }

        return bytes;
    }

    private sealed record Entry(TensorDescription Description, PickleTensor View, bool IsDense);
}
