namespace Tessera.Serialization;

/// <summary>How a part of a mapped file will be used; the values are those of madvise(2) on Linux.</summary>
internal enum MemoryAdvice
{
    /// <summary>Soon: read it from disk (MADV_WILLNEED).</summary>
    WillNeed = 3,

    /// <summary>Not for now: unmap its pages, which stay in the file cache (MADV_DONTNEED).</summary>
    Release = 4,
}
