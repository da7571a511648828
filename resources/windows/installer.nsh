; What the installer does besides copying files. Every program by its absolute path: who installs is an administrator,
; and the working folder may be anybody's.

!macro culvertStop
  nsExec::ExecToLog '"$SYSDIR\schtasks.exe" /end /tn "\Culvert\Engine"'
  Pop $0
!macroend

!macro customInit
  ; The old engine holds its own files while it runs.
  !insertmacro culvertStop
!macroend

!macro customInstall
  ; Profiles and keys: for the system and administrators, for nobody else.
  ReadEnvStr $1 "ProgramData"
  CreateDirectory "$1\Culvert"
  nsExec::ExecToLog '"$SYSDIR\icacls.exe" "$1\Culvert" /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F'
  Pop $0
  nsExec::ExecToLog '"$INSTDIR\resources\engine\node.exe" "$INSTDIR\resources\engine\culvert.mjs" --version'
  Pop $0
  ${if} $0 != 0
    MessageBox MB_ICONSTOP "The engine of Culvert does not run on this machine (code $0)." /SD IDOK
    Abort
  ${endIf}
  nsExec::ExecToLog '"$SYSDIR\schtasks.exe" /create /f /tn "\Culvert\Engine" /xml "$INSTDIR\resources\engine-task.xml"'
  Pop $0
  nsExec::ExecToLog '"$SYSDIR\schtasks.exe" /run /tn "\Culvert\Engine"'
  Pop $0
!macroend

!macro customUnInstall
  !insertmacro culvertStop
  ${ifNot} ${isUpdated}
    nsExec::ExecToLog '"$INSTDIR\resources\engine\node.exe" "$INSTDIR\resources\engine\culvert.mjs" repair'
    Pop $0
    nsExec::ExecToLog '"$INSTDIR\resources\engine\node.exe" "$INSTDIR\resources\engine\culvert.mjs" release'
    Pop $0
    nsExec::ExecToLog '"$SYSDIR\schtasks.exe" /delete /f /tn "\Culvert\Engine"'
    Pop $0
  ${endIf}
!macroend
