@echo off
rem Makes the engine a task of the system and starts it. The installer runs this once its files are in place; the
rem desktop app runs it, when an administrator has allowed it, where the task is missing or switched off. Each step
rem has a code of its own, for the installer to name.
setlocal
set "system=%SystemRoot%\System32"
set "state=%ProgramData%\Culvert"

rem The new engine must at least run.
call "%~dp0culvert.cmd" --version >nul
if not %errorlevel%==0 exit /b 2

rem Profiles and keys: for the system and administrators, for nobody else, whoever may have made the folder.
if not exist "%state%\" mkdir "%state%"
"%system%\icacls.exe" "%state%" /setowner *S-1-5-32-544 >nul
if not %errorlevel%==0 exit /b 3
"%system%\icacls.exe" "%state%" /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F >nul
if not %errorlevel%==0 exit /b 3

"%system%\schtasks.exe" /create /f /tn "\Culvert\Engine" /xml "%~dp0engine-task.xml" >nul
if not %errorlevel%==0 exit /b 4
"%system%\schtasks.exe" /run /tn "\Culvert\Engine" >nul
if not %errorlevel%==0 exit /b 5
