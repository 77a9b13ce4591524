namespace Tessera.Serialization.PyTorch;

/// <summary>Pickle opcodes: the ones that are read, and the names of all others for the message that refuses them.</summary>
/// <remarks>Source: CPython, Lib/pickletools.py, protocols 0 to 5.</remarks>
internal static class PickleOpcodes
{
    public const byte Proto = 0x80;
    public const byte Stop = (byte)'.';
    public const byte Mark = (byte)'(';
    public const byte Global = (byte)'c';
    public const byte Reduce = (byte)'R';
    public const byte Build = (byte)'b';
    public const byte BinPut = (byte)'q';
    public const byte LongBinPut = (byte)'r';
    public const byte BinGet = (byte)'h';
    public const byte LongBinGet = (byte)'j';
    public const byte Tuple = (byte)'t';
    public const byte Tuple1 = 0x85;
    public const byte Tuple2 = 0x86;
    public const byte Tuple3 = 0x87;
    public const byte EmptyTuple = (byte)')';
    public const byte EmptyDict = (byte)'}';
    public const byte EmptyList = (byte)']';
    public const byte BinUnicode = (byte)'X';
    public const byte BinInt = (byte)'J';
    public const byte BinInt1 = (byte)'K';
    public const byte BinInt2 = (byte)'M';
    public const byte Long1 = 0x8A;
    public const byte NewTrue = 0x88;
    public const byte NewFalse = 0x89;
    public const byte None = (byte)'N';
    public const byte BinPersId = (byte)'Q';
    public const byte SetItem = (byte)'s';
    public const byte SetItems = (byte)'u';
    public const byte Append = (byte)'a';
    public const byte Appends = (byte)'e';

    private static readonly Dictionary<byte, string> Refused = new()
    {
        [(byte)'I'] = "INT",
        [(byte)'L'] = "LONG",
        [0x8B] = "LONG4",
        [(byte)'S'] = "STRING",
        [(byte)'T'] = "BINSTRING",
        [(byte)'U'] = "SHORT_BINSTRING",
        [(byte)'B'] = "BINBYTES",
        [(byte)'C'] = "SHORT_BINBYTES",
        [0x8E] = "BINBYTES8",
        [0x96] = "BYTEARRAY8",
        [0x97] = "NEXT_BUFFER",
        [0x98] = "READONLY_BUFFER",
        [(byte)'V'] = "UNICODE",
        [0x8C] = "SHORT_BINUNICODE",
        [0x8D] = "BINUNICODE8",
        [(byte)'F'] = "FLOAT",
        [(byte)'G'] = "BINFLOAT",
        [(byte)'l'] = "LIST",
        [(byte)'d'] = "DICT",
        [0x8F] = "EMPTY_SET",
        [0x90] = "ADDITEMS",
        [0x91] = "FROZENSET",
        [(byte)'0'] = "POP",
        [(byte)'2'] = "DUP",
        [(byte)'1'] = "POP_MARK",
        [(byte)'g'] = "GET",
        [(byte)'p'] = "PUT",
        [0x94] = "MEMOIZE",
        [0x82] = "EXT1",
        [0x83] = "EXT2",
        [0x84] = "EXT4",
        [0x93] = "STACK_GLOBAL",
        [(byte)'i'] = "INST",
        [(byte)'o'] = "OBJ",
        [0x81] = "NEWOBJ",
        [0x92] = "NEWOBJ_EX",
        [(byte)'P'] = "PERSID",
        [0x95] = "FRAME",
    };

    /// <summary>How a message calls an opcode that is not read.</summary>
    public static string NameOf(byte opcode) =>
        Refused.TryGetValue(opcode, out string? name) ? $"{name} (0x{opcode:X2})" : $"0x{opcode:X2}";
}
