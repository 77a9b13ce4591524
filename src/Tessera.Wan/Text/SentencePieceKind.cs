namespace Tessera.Wan.Text;

/// <summary>Types of pieces in a SentencePiece model; the numbers are those of the file.</summary>
public enum SentencePieceKind
{
    /// <summary>No type; never in a valid file.</summary>
    None = 0,

    /// <summary>A piece that training found.</summary>
    Normal = 1,

    /// <summary>Stands for characters that no piece covers.</summary>
    Unknown = 2,

    /// <summary>A mark such as end of sequence; never found in text.</summary>
    Control = 3,

    /// <summary>A piece that the user demanded: always kept whole, and never normalised.</summary>
    UserDefined = 4,

    /// <summary>Never used in encoding.</summary>
    Unused = 5,

    /// <summary>One byte, <c>&lt;0x41&gt;</c>, for byte fallback.</summary>
    Byte = 6,
}
