using Microsoft.Extensions.DependencyInjection;
using Quartz;

namespace CroPlatform.Commands;

public static class PeriodicJobs
{
    /// <summary>
    /// Runs a job at an interval of real time, as long as the host runs, and never twice at once in this process. What is due is the job's own
    /// question to its tables: so nothing is lost with the process, and a simulated clock can run as fast as it likes.
    /// </summary>
    public static IServiceCollection AddPeriodicJob<TJob>(this IServiceCollection services, TimeSpan interval)
        where TJob : class, IJob
    {
        services.AddQuartz(quartz => quartz.ScheduleJob<TJob>(
            trigger => trigger.StartNow().WithSimpleSchedule(s => s.WithInterval(interval).RepeatForever()),
            job => job.WithIdentity(typeof(TJob).Name).DisallowConcurrentExecution()));
        return services.AddQuartzHostedService(options => options.WaitForJobsToComplete = true);
    }
}
