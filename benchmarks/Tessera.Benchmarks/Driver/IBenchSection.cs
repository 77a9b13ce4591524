using Tessera.Benchmarks.Reporting;

namespace Tessera.Benchmarks.Driver;

/// <summary>
/// One question that measurements answer, with its tables and goals. Sections run alone or together.
/// </summary>
/// <typeparam name="TContext">What sections of a command share.</typeparam>
internal interface IBenchSection<in TContext>
{
    /// <summary>Name on the command line and key in the JSON file.</summary>
    string Name { get; }

    /// <summary>What it measures, in half a line of help.</summary>
    string Description { get; }

    /// <summary>Measures.</summary>
    SectionReport Run(TContext context);
}

/// <summary>A question about the CPU backend.</summary>
internal interface IBenchSection : IBenchSection<BenchContext>;
