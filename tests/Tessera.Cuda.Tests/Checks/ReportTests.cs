using GpuCheck.Probes;
using GpuCheck.Reporting;
using Xunit;

namespace Tessera.Cuda.Tests.Checks;

/// <summary>What reports become: the table of proved instructions, the assembler's words, pages for people.</summary>
public sealed class ReportTests
{
    [Fact]
    public void A_row_is_proved_when_every_instruction_of_it_passed()
    {
        InstructionTableFile table = InstructionTableFile.Embedded();

        InstructionTableFile all = table.With(Report([.. ProbeCatalogue.All.Select(probe => Row(CheckOutcome.Passed, [.. probe.Mnemonics]))]));
        InstructionTableFile one = table.With(Report([Row(CheckOutcome.Passed, "max.f32"), Row(CheckOutcome.Passed, "prmt.b32")]));
        InstructionTableFile refuted = all.With(Report([Row(CheckOutcome.Failed, "abs.f32"), Row(CheckOutcome.Passed, "abs.f32", "max.f32")]));

        Assert.Equal((table.Rows, table.Rows), (all.Rows, all.Proved));
        Assert.Contains("prmt\\.b32\t2.0\t20\tno\tyes\n", one.ToString(), StringComparison.Ordinal);
        Assert.Contains("(max|abs)\\.f32\t1.0\t10\tno\tno\n", one.ToString(), StringComparison.Ordinal);
        Assert.Contains("(max|abs)\\.f32\t1.0\t10\tno\tno\n", refuted.ToString(), StringComparison.Ordinal);
        Assert.Equal(table.Rows - 1, refuted.Proved);
    }

    [Fact]
    public void The_table_names_the_device_once_and_changes_nothing_else()
    {
        InstructionTableFile table = InstructionTableFile.Embedded();
        InstructionTableFile twice = table.With(Report([])).With(Report([Row(CheckOutcome.Skipped, "mov.b32")]));

        string note = Assert.Single(twice.ToString().Split('\n'), static line => line.StartsWith("# Proved: ", StringComparison.Ordinal));
        Assert.Equal("# Proved: NVIDIA Test (sm_90), driver 13.0, NVRTC 13.1, 2026-11-21.", note);
        Assert.Equal(table.ToString(), twice.ToString().Replace(note + "\n", "", StringComparison.Ordinal));
    }

    [Fact]
    public void The_assemblers_report_is_read_kernel_by_kernel()
    {
        const string Log =
            """
            ptxas info    : 0 bytes gmem
            ptxas info    : Compiling entry function 'attend_a' for 'sm_90'
            ptxas info    : Function properties for attend_a
                0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
            ptxas info    : Used 168 registers, used 1 barriers, 632 bytes cmem[0]
            ptxas info    : Compiling entry function 'attend_b' for 'sm_90'
            ptxas info    : Function properties for attend_b
                16 bytes stack frame, 24 bytes spill stores, 32 bytes spill loads
            ptxas info    : Used 255 registers
            """;

        IReadOnlyDictionary<string, string> kernels = AssemblerReport.Of(Log);

        Assert.Equal(["attend_a", "attend_b"], kernels.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(
            "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads; Used 168 registers, used 1 barriers, 632 bytes cmem[0]", kernels["attend_a"]);
        Assert.EndsWith("24 bytes spill stores, 32 bytes spill loads; Used 255 registers", kernels["attend_b"], StringComparison.Ordinal);
        Assert.Empty(AssemblerReport.Of("nothing to say"));
    }

    [Fact]
    public void A_report_that_was_stopped_says_so_and_is_no_pass()
    {
        StageReport stopped = Report([Row(CheckOutcome.Passed)]) with { IsComplete = false };

        Assert.True(stopped.HasFailed);
        Assert.Contains("stopped before its end", MarkdownReport.Of(stopped), StringComparison.Ordinal);
        Assert.False((stopped with { IsComplete = true }).HasFailed);
    }

    private static CheckRow Row(CheckOutcome outcome, params string[] instructions) =>
        new("row", outcome, null, null, "", "") { Instructions = instructions };

    private static StageReport Report(CheckRow[] rows) => SampleReport.Of("instructions", rows);
}
