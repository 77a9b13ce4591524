using System.Text;

namespace Tessera.Serialization;

/// <summary>
/// The header of a .npy file: a Python dictionary literal with exactly the keys descr, fortran_order and shape. Only that literal is
/// understood, never Python: {'descr': '&lt;f4', 'fortran_order': False, 'shape': (2, 3), }.
/// </summary>
internal sealed class NpyHeader
{
    private const int MaximumRank = 64;

    private readonly string _source;
    private readonly string _text;
    private int _at;

    private NpyHeader(string text, string source)
    {
        _text = text;
        _source = source;
    }

    /// <summary>Element type.</summary>
    public TensorDataType DataType { get; private set; }

    /// <summary>Whether elements are big-endian.</summary>
    public bool IsBigEndian { get; private set; }

    /// <summary>Whether the first index is the fastest.</summary>
    public bool IsFortranOrder { get; private set; }

    /// <summary>Extents.</summary>
    public long[] Shape { get; private set; } = [];

    /// <summary>Product of the extents.</summary>
    public long ElementCount { get; private set; } = 1;

    /// <summary>Parses the text of a header.</summary>
    /// <exception cref="TensorFormatException">It is not of that form, or of a type that is not read.</exception>
    public static NpyHeader Parse(ReadOnlySpan<byte> bytes, string source)
    {
        NpyHeader header = new(Encoding.Latin1.GetString(bytes), source);
        header.ReadDictionary();
        return header;
    }

    private void ReadDictionary()
    {
        string? descr = null;
        bool? fortran = null;
        List<long>? shape = null;
        Expect('{');
        while (!Take('}'))
        {
            string key = ReadString();
            Expect(':');
            switch (key)
            {
                case "descr" when descr is null:
                    descr = Peek() == '[' ? throw Fault("has a structured element type, which is not read") : ReadString();
                    break;
                case "fortran_order" when fortran is null:
                    fortran = ReadBoolean();
                    break;
                case "shape" when shape is null:
                    shape = ReadShape();
                    break;
                default:
                    throw Fault("has an unknown or doubled key in its header");
            }

            if (!Take(','))
            {
                Expect('}');
                break;
            }
        }

        if (descr is null || fortran is null || shape is null || Peek() != '\0' || _at < _text.Length)
        {
            throw Fault("has a header that is not descr, fortran_order and shape alone");
        }

        IsFortranOrder = fortran.Value;
        Shape = [.. shape];
        SetType(descr);
    }

    private void SetType(string descr)
    {
        DataType = descr.Length < 2 ? throw Fault("has an empty element type") : descr[1..] switch
        {
            "f8" => TensorDataType.Float64,
            "f4" => TensorDataType.Float32,
            "f2" => TensorDataType.Float16,
            "i8" => TensorDataType.Int64,
            "i4" => TensorDataType.Int32,
            "i2" => TensorDataType.Int16,
            "i1" => TensorDataType.Int8,
            "u8" => TensorDataType.UInt64,
            "u4" => TensorDataType.UInt32,
            "u2" => TensorDataType.UInt16,
            "u1" => TensorDataType.UInt8,
            "b1" => TensorDataType.Boolean,
            _ => throw Fault("has an element type other than f2, f4, f8, i1 to i8, u1 to u8 and b1"),
        };
        IsBigEndian = descr[0] switch
        {
            '<' => false,
            '>' => DataType.ByteSize() > 1,
            '|' when DataType.ByteSize() == 1 => false,
            _ => throw Fault("has a byte order other than < and >"),
        };
    }

    private List<long> ReadShape()
    {
        List<long> shape = [];
        Expect('(');
        while (!Take(')'))
        {
            long extent = ReadNumber();
            Int128 product = (Int128)ElementCount * extent;
            ElementCount = product <= long.MaxValue / 8 && shape.Count < MaximumRank
                ? (long)product
                : throw Fault("has a shape that overflows");
            shape.Add(extent);
            if (!Take(','))
            {
                Expect(')');
                break;
            }
        }

        return shape;
    }

    private long ReadNumber()
    {
        Peek();
        long number = 0;
        int start = _at;
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
        {
            number = number <= (long.MaxValue / 10) - 1 ? (number * 10) + (_text[_at++] - '0') : throw Fault("has a shape that overflows");
        }

        return _at > start ? number : throw Fault("has a shape entry that is not a number from 0");
    }

    private bool ReadBoolean()
    {
        Peek();
        foreach ((string word, bool value) in new[] { ("True", true), ("False", false) })
        {
            if (_text.AsSpan(_at).StartsWith(word))
            {
                _at += word.Length;
                return value;
            }
        }

        throw Fault("has a fortran_order that is neither True nor False");
    }

    private string ReadString()
    {
        char quote = Peek();
        int end = quote is '\'' or '"' ? _text.IndexOf(quote, _at + 1) : -1;
        if (end < 0)
        {
            throw Fault("has a header in which a string is missing");
        }

        string value = _text[(_at + 1)..end];
        _at = end + 1;
        return value;
    }

    private char Peek()
    {
        while (_at < _text.Length && _text[_at] is (' ' or '\n' or '\t' or '\r'))
        {
            _at++;
        }

        return _at < _text.Length ? _text[_at] : '\0';
    }

    private bool Take(char wanted)
    {
        bool found = Peek() == wanted && _at < _text.Length;
        _at += found ? 1 : 0;
        return found;
    }

    private void Expect(char wanted)
    {
        if (!Take(wanted))
        {
            throw Fault($"has a header that lacks '{wanted}' at character {_at}");
        }
    }

    private TensorFormatException Fault(string fault) => new($"{_source}: the array {fault}.");
}
