namespace Tessera.Layout;

/// <summary>
/// A Hilbert-like path through a box of any sides: each point once, consecutive points adjacent wherever parity allows, otherwise diagonal.
/// </summary>
/// <remarks>
/// The construction is J. Cerveny's generalised Hilbert curve. A box is spanned from the entry corner by three signed axis vectors; the
/// path leaves at the far end of the first one. Long boxes are halved along the first vector; others are cut into a snake of sub-boxes
/// whose entries and exits meet, with cuts at even positions where possible, since only even sides let the path end on the wanted corner.
/// </remarks>
internal sealed class HilbertCurve(int frames, int height, int width)
{
    /// <summary>The points (frame, row, column) along the path.</summary>
    public List<(int Frame, int Row, int Column)> Points()
    {
        List<(int, int, int)> points = new(frames * height * width);
        Vector f = new(frames, 0, 0);
        Vector h = new(0, height, 0);
        Vector w = new(0, 0, width);
        if (width >= height && width >= frames)
        {
            Walk(default, w, h, f, points);
        }
        else if (height >= width && height >= frames)
        {
            Walk(default, h, w, f, points);
        }
        else
        {
            Walk(default, f, w, h, points);
        }

        return points;
    }

    private static void Walk(Vector corner, Vector a, Vector b, Vector c, List<(int, int, int)> points)
    {
        int length = a.Length;
        int depth = b.Length;
        int thickness = c.Length;
        if (length == 0 || depth == 0 || thickness == 0)
        {
            return;
        }

        if ((length == 1 ? 0 : 1) + (depth == 1 ? 0 : 1) + (thickness == 1 ? 0 : 1) <= 1)
        {
            Line(corner, length > 1 ? a : depth > 1 ? b : c, points);
            return;
        }

        Vector a1 = a.EvenHalf();
        Vector b1 = b.EvenHalf();
        Vector c1 = c.EvenHalf();
        Vector aEnd = a - a.Unit;
        if (length > 1 && 2 * length > 3 * depth && 2 * length > 3 * thickness)
        {
            Walk(corner, a1, b, c, points);
            Walk(corner + a1, a - a1, b, c, points);
        }
        else if (thickness == 1 || (depth > 1 && 3 * depth > 4 * thickness))
        {
            Walk(corner, b1, c, a1, points);
            Walk(corner + b1, a, b - b1, c, points);
            Walk(corner + aEnd + (b1 - b.Unit), -b1, c, a1 - a, points);
        }
        else if (depth == 1 || 3 * thickness > 4 * depth)
        {
            Walk(corner, c1, a1, b, points);
            Walk(corner + c1, a, b, c - c1, points);
            Walk(corner + aEnd + (c1 - c.Unit), -c1, a1 - a, b, points);
        }
        else
        {
            Vector bLast = b1 - b.Unit;
            Vector cEnd = c - c.Unit;
            Walk(corner, b1, c1, a1, points);
            Walk(corner + b1, c, a1, b - b1, points);
            Walk(corner + bLast + cEnd, a, -b1, c1 - c, points);
            Walk(corner + aEnd + b1 + cEnd, -c, a1 - a, b - b1, points);
            Walk(corner + aEnd + bLast, -b1, c1, a1 - a, points);
        }
    }

    private static void Line(Vector at, Vector along, List<(int, int, int)> points)
    {
        Vector unit = along.Unit;
        for (int i = 0; i < along.Length; i++)
        {
            points.Add((at.F, at.H, at.W));
            at += unit;
        }
    }

    /// <summary>A vector along one axis, or a point.</summary>
    private readonly record struct Vector(int F, int H, int W)
    {
        /// <summary>Magnitude of an axis vector.</summary>
        public int Length => Math.Abs(F + H + W);

        /// <summary>One step in the direction of an axis vector.</summary>
        public Vector Unit => new(Math.Sign(F), Math.Sign(H), Math.Sign(W));

        public static Vector operator +(Vector x, Vector y) => new(x.F + y.F, x.H + y.H, x.W + y.W);

        public static Vector operator -(Vector x, Vector y) => new(x.F - y.F, x.H - y.H, x.W - y.W);

        public static Vector operator -(Vector x) => new(-x.F, -x.H, -x.W);

        /// <summary>Half of an axis vector, rounded to the even side for lengths above 2.</summary>
        public Vector EvenHalf()
        {
            Vector half = new(F / 2, H / 2, W / 2);
            return half.Length % 2 != 0 && Length > 2 ? half + Unit : half;
        }
    }
}
