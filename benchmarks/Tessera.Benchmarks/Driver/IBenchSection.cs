using Tessera.Benchmarks.Reporting;

namespace Tessera.Benchmarks.Driver;

/// <summary>
/// One question about the CPU backend that measurements answer, with its tables and goals. Sections run alone or together.
/// </summary>
internal interface IBenchSection
{
    /// <summary>Name on the command line and key in the JSON file.</summary>
    string Name { get; }

    /// <summary>What it measures, in half a line of help.</summary>
    string Description { get; }

    /// <summary>Measures.</summary>
    SectionReport Run(BenchContext context);
}
