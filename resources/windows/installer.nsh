; What the installer does besides copying files. Every program by its absolute path: who installs is an administrator,
; and the working folder may be anybody's.

!macro culvertStop
  nsExec::ExecToLog '"$SYSDIR\schtasks.exe" /end /tn "\Culvert\Engine"'
  Pop $0
!macroend

; A script of the engine's folder, which knows its own place. Its code is in $0.
!macro culvertRun COMMAND
  nsExec::ExecToLog '"$SYSDIR\cmd.exe" /d /s /c ""$INSTDIR\resources\engine\${COMMAND}"'
  Pop $0
!macroend

!macro customInit
  ; The old engine holds its own files while it runs.
  !insertmacro culvertStop
!macroend

!macro customInstall
  !insertmacro culvertRun 'install-service.cmd"'
  ${if} $0 == 2
    MessageBox MB_ICONSTOP "The engine of Culvert does not run on this machine." /SD IDOK
    Abort
  ${elseif} $0 != 0
    MessageBox MB_ICONSTOP "The service of Culvert could not be set up (step $0)." /SD IDOK
    Abort
  ${endIf}
!macroend

!macro customUnInstall
  !insertmacro culvertStop
  ${ifNot} ${isUpdated}
    !insertmacro culvertRun 'culvert.cmd" repair'
    !insertmacro culvertRun 'culvert.cmd" release'
    nsExec::ExecToLog '"$SYSDIR\schtasks.exe" /delete /f /tn "\Culvert\Engine"'
    Pop $0
  ${endIf}
!macroend
