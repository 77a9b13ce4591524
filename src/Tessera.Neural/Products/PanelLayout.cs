namespace Tessera.Neural.Products;

/// <summary>
/// How the columns of a product divide into panels of whole registers: as many of the widest as possible, but rather two of two registers
/// than one of three and one of one, which would leave multiply-add units idle.
/// </summary>
internal readonly struct PanelLayout
{
    private readonly int _widest;
    private readonly int _wide;
    private readonly int _narrow;

    /// <summary>Divides columns.</summary>
    /// <param name="columns">Columns, at least one.</param>
    /// <param name="lanes">Lanes of a register.</param>
    /// <param name="widest">Registers in a row of the widest panel.</param>
    public PanelLayout(int columns, int lanes, int widest)
    {
        Lanes = lanes;
        int vectors = (columns + lanes - 1) / lanes;
        int rest = vectors % widest;
        _widest = widest;
        _wide = vectors / widest;
        _narrow = rest;
        if (widest == 3 && rest == 1 && _wide > 0)
        {
            _wide--;
            _narrow = 2;
        }

        Panels = _wide + (_narrow == 0 ? 0 : (vectors - (_wide * widest)) / _narrow);
    }

    /// <summary>Lanes of a register.</summary>
    public int Lanes { get; }

    /// <summary>Panels.</summary>
    public int Panels { get; }

    /// <summary>Registers in a row of a panel.</summary>
    public int VectorsOf(int panel) => panel < _wide ? _widest : _narrow;

    /// <summary>First column of a panel; of the panel after the last: all columns, rounded up to registers.</summary>
    public int ColumnOf(int panel) =>
        Lanes * (panel <= _wide ? panel * _widest : (_wide * _widest) + ((panel - _wide) * _narrow));
}
