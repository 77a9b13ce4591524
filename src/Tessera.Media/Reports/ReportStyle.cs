namespace Tessera.Media.Reports;

/// <summary>The report's style sheet: one column, system type, light and dark, wide tables scroll inside their own frame.</summary>
internal static class ReportStyle
{
    public const string Css = """
        :root { color-scheme: light dark; --paper: #fbfbf9; --card: #ffffff; --ink: #1f2733; --muted: #667085; --line: #e4e7ec; --accent: #3468c0; --wash: #eef2f9; }
        @media (prefers-color-scheme: dark) { :root { --paper: #11151b; --card: #191f27; --ink: #e6e9ef; --muted: #98a2b3; --line: #2c3440; --accent: #6f9df0; --wash: #1f2937; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
        main { max-width: 1120px; margin: 0 auto; padding: 56px 32px 72px; }
        h1, h2 { font-family: ui-serif, "Iowan Old Style", Palatino, Georgia, serif; font-weight: 600; line-height: 1.2; letter-spacing: -0.01em; text-wrap: balance; }
        h1 { font-size: 40px; margin: 6px 0 12px; }
        h2 { font-size: 26px; margin: 64px 0 8px; }
        h3 { font-size: 16px; margin: 28px 0 4px; }
        p { margin: 0 0 14px; max-width: 72ch; }
        .eyebrow { color: var(--accent); font-size: 13px; font-weight: 600; letter-spacing: 0.08em; text-transform: uppercase; margin: 0; }
        .lead { font-size: 19px; color: var(--muted); }
        .note, figcaption, .small { color: var(--muted); font-size: 14px; line-height: 1.5; }
        code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--wash); border-radius: 4px; padding: 2px 6px; overflow-wrap: anywhere; }
        .facts { display: flex; flex-wrap: wrap; gap: 4px 28px; margin: 20px 0 12px; padding: 0; font-size: 14px; }
        .facts div { display: flex; gap: 8px; }
        .facts dt { color: var(--muted); }
        .facts dd { margin: 0; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 16px; margin: 28px 0 0; }
        .tile, .panel { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
        .tile { padding: 18px 20px; }
        .tile b { display: block; font-size: 30px; line-height: 1.25; font-weight: 600; font-variant-numeric: tabular-nums; letter-spacing: -0.02em; }
        .tile span { display: block; color: var(--muted); font-size: 14px; line-height: 1.45; }
        .panel { overflow-x: auto; margin: 16px 0; }
        .chart { padding: 18px 20px 14px; }
        .chart svg { display: block; width: 100%; min-width: 720px; height: auto; }
        .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 0 20px; }
        table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
        th, td { padding: 11px 12px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; vertical-align: top; }
        th { color: var(--muted); font-weight: 500; font-size: 13px; }
        th:first-child, td:first-child { text-align: left; padding-left: 20px; white-space: normal; min-width: 240px; }
        th:last-child, td:last-child { padding-right: 20px; }
        tbody tr:last-child td { border-bottom: 0; }
        tr.baseline { background: var(--wash); }
        td .small { display: block; font-size: 13px; }
        .meter { display: block; height: 4px; border-radius: 2px; background: var(--line); margin-top: 5px; min-width: 56px; overflow: hidden; }
        .meter i { display: block; height: 100%; background: var(--accent); }
        .maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 500px), 1fr)); gap: 20px; margin: 20px 0; }
        .map { padding: 16px 18px; overflow: visible; margin: 0; }
        .map h3 { margin: 0 0 10px; font-weight: 600; }
        .map h3 span { display: block; color: var(--muted); font-weight: 400; font-size: 14px; }
        .two { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; }
        figure { margin: 0; }
        figure img { display: block; width: 100%; height: auto; border-radius: 6px; background: var(--wash); }
        .map img { image-rendering: pixelated; border-radius: 3px; }
        figcaption { margin-top: 6px; }
        .ramp { display: flex; align-items: center; gap: 10px; color: var(--muted); font-size: 13px; margin: 6px 0 0; }
        .ramp img { width: 180px; height: 10px; border-radius: 5px; }
        .clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 24px 22px; margin: 18px 0; }
        dl.terms { display: grid; grid-template-columns: minmax(120px, 170px) 1fr; gap: 12px 24px; margin: 18px 0; }
        dl.terms dt { font-weight: 600; }
        dl.terms dd { margin: 0; max-width: 70ch; }
        footer { margin-top: 64px; padding-top: 18px; border-top: 1px solid var(--line); color: var(--muted); font-size: 14px; }
        @media (max-width: 640px) { main { padding: 32px 18px 48px; } h1 { font-size: 31px; } h2 { font-size: 23px; margin-top: 48px; } .lead { font-size: 17px; }
          dl.terms { grid-template-columns: 1fr; gap: 2px; } dl.terms dd { margin-bottom: 12px; } .chart { padding: 14px; } }
        @media print { body { background: #ffffff; } .panel, .tile { break-inside: avoid; } }

        """;
}
