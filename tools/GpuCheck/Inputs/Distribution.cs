namespace GpuCheck.Inputs;

/// <summary>What random tensors look like.</summary>
internal enum Distribution
{
    /// <summary>Standard normal: the hardest case for quantisation.</summary>
    Normal = 0,

    /// <summary>Normal, one element in a hundred ten times as large.</summary>
    Outliers,

    /// <summary>All values equal: every row of the output is that value.</summary>
    ConstantValues,

    /// <summary>All queries zero: every row of the output is the mean of the values it sees.</summary>
    ZeroQueries,
}
